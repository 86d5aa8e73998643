# No contraction at all.
spc-opt --all --verify --check  input.sdl
=== input.sdl
dim n = 0..40;
layer f(x: f32[n, 7], b: bool[n, 7]) -> y: f32[n, 7] { y = where(b | x > 1.0, exp(x) / 3.0, tanh(x) - 2.0); }
=== expect 0
