# comparisons do not chain
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  a = x < 1 < 2;
  y = linear(x, w);
}
=== expect 1
model.sdl:4:13: error: comparisons do not chain; join two with '&'
  a = x < 1 < 2;
            ^
