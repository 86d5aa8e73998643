# Images between channels last and planes, in whole and ragged blocks, with what follows in the same kernel.
spc-opt --all --verify --check input.sdl
=== input.sdl
dim n = 0..3;
layer turned(x: f32[n, 5, 7, 19], y: f32[n, 32, 8, 3], z: f32[n, 17, 5, 7], u: f32[n, 9, 7, 3], v: f32[n, 5, 5, 1], g: f32[19]) -> (a: f32[n, 19, 5, 7], b: f32[n, 8, 3, 32], c: f32[n, 5, 7, 17], d: f32[n, 19, 5, 7], e: f32[n, 3, 9, 7], f: f32[n, 1, 5, 5], h: f32[n, 19, 5, 7]) {
  a = relu(transpose(x, [0, 3, 1, 2]));
  b = transpose(y, [0, 2, 3, 1]) * 2;
  c = transpose(z, [0, 2, 3, 1]);
  d = transpose(x, [0, 3, 1, 2]) + a;
  e = relu(transpose(u, [0, 3, 1, 2]));
  f = transpose(v, [0, 3, 1, 2]) + 1;
  h = transpose(x, [0, 3, 1, 2]) * reshape(g, [19, 1, 1]);
}
=== expect 0
