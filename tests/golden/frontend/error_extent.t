# extents that differ, both shown
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  a = x + linear(x, w);
  c = linear(linear(x, w), w);
  y = linear(x, w);
}
=== expect 1
model.sdl:4:9: error: '+': the shapes f32[n,8] and f32[n,4] do not fit: on axis 1 of the result, 4 is not 8
  a = x + linear(x, w);
        ^
model.sdl:5:28: error: linear: the last axis of x is 4 but that of w [out, in] is 8
  c = linear(linear(x, w), w);
                           ^
