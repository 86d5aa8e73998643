# a result read before it is assigned
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  a = y;
  y = linear(x, w);
}
=== expect 1
model.sdl:4:7: error: 'y' is used before it is assigned
  a = y;
      ^
model.sdl:5:3: note: assigned here
  y = linear(x, w);
  ^
