# wrong ranks
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
weight b: f32[4];
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  a = linear(x, b);
  c = matmul(x, b);
  y = linear(x, w);
}
=== expect 1
model.sdl:5:17: error: linear: w has 2 axes, got f32[4]
  a = linear(x, b);
                ^
model.sdl:6:17: error: matmul: b has 2 axes or more, got f32[4]
  c = matmul(x, b);
                ^
