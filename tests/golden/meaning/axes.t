# Reductions over every axis, softmax and norms, with elementwise ops before and behind.
spc-opt --all --verify --check  input.sdl
=== input.sdl
dim n = 0..40, k = 1..70;
weight gain: f32[48];
weight bias: f32[48];
weight w: f32[48, 48] sparse unstructured;
layer rows(x: f32[n, 48]) -> (s: f32[n, 48], l: f32[n, 48], r: f32[n, 48]) {
  s = softmax(x * 0.5);
  l = gelu(layernorm(linear(x, w), gain, bias) + x);
  r = x + rmsnorm(x, gain, eps=1e-6);
}
layer odd(x: f32[n, k]) -> y: f32[n, k] { y = softmax(softmax(x) + x); }
layer sums(x: f32[n, k, 7]) -> (a: f32[k, 7], b: f32[n, 7], c: f32[n, k], d: f32[k], e: f32[n], g: f32[]) {
  a = sum(x, axis=0);
  b = mean(relu(x), axis=1);
  c = sum(x, axis=-1) + 1.0;
  d = mean(x, axis=[0, 2]);
  e = mean(x, axis=[1, 2]);
  g = sum(x);
}
layer largest(x: f32[n, k, 7], i: i8[k, 5]) -> (a: f32[n, k], b: f32[n, 7], c: i32[n, k], d: i32[n, 7], e: i32[k], f: i8[5], g: i32[], h: i32[]) {
  a = amax(x, axis=2);
  b = amax(x, axis=1);
  c = argmax(x);
  d = argmax(x, axis=1);
  e = sum(i, axis=1);
  f = amax(i, axis=0);
  g = argmax(i, axis=[0, 1]);
  h = sum(i);
}
=== expect 0
