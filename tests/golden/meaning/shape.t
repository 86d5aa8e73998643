# What only moves elements, alone and with elementwise ops around.
spc-opt --all --verify --check  input.sdl
=== input.sdl
dim n = 0..40, k = 0..70;
layer turned(x: f32[n, k, 6], t: i8[n, 5], u: bool[3, k], h: f16[n, k]) -> (a: f32[6, n, k], b: f32[k, n, 6], c: i8[5, n], d: bool[k, 3], e: f16[k, n]) {
  a = transpose(x, [2, 0, 1]) * 2;
  b = transpose(relu(x), [1, 0, 2]);
  c = transpose(t, [1, 0]);
  d = transpose(u, [1, 0]);
  e = transpose(h, [1, 0]);
}
layer shaped(x: f32[n, 4, 6]) -> (a: f32[n, 24], b: f32[12 * n, 2], c: f32[n, 6, 4]) {
  a = reshape(x, [n, 24]);
  b = reshape(a, [-1, 2]) + 1;
  c = transpose(reshape(a * 2, [n, 4, 6]), [0, 2, 1]);
}
layer joined(x: f32[n, 4], y: f32[n, 3], z: f64[k, 2]) -> (a: f32[n, 11], b: f32[2 * n, 4], c: f64[2 * k, 2]) {
  a = relu(concat(x, y, x, axis=1));
  b = concat(x, x * 3, axis=0);
  c = concat(z, z, axis=0);
}
layer cut(x: f32[n + 3, 9], i: i32[k + 2]) -> (a: f32[n, 9], b: f32[n + 3, 4], c: i32[k]) {
  a = slice(x, axis=0, from=2, to=n + 2) - 1;
  b = slice(x, axis=1, from=3, to=7);
  c = slice(i, axis=0, from=2);
}
layer padded(x: f32[n, 4], i: u8[k]) -> (a: f32[n + 3, 7], b: u8[2 * k + 1], c: f32[n + 2, 4]) {
  a = pad(x + 1, [[1, 2], [3, 0]]) + 1;
  b = pad(i, [[k, 1]]);
  c = exp(pad(x, [[1, 1], [0, 0]]));
}
=== expect 0
