# a window larger than its image
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8], i: f32[n, 6, 6, 3], k2: f32[4, 9, 9, 3]) -> y: f32[n, 4] {
  v = conv2d(i, k2);
  y = linear(x, w);
}
=== expect 1
model.sdl:4:17: error: conv2d: the window reaches over 9 rows, but x has 6
  v = conv2d(i, k2);
                ^~
