# Sparse weights on the left and right of a matmul.
spc-opt --all --verify --check  input.sdl
=== input.sdl
dim n = 0..40;
weight w: f32[24, 16] sparse unstructured;
layer left(x: f32[16, n]) -> y: f32[24, n] { y = matmul(w, x) + 1.0; }
layer right(x: f32[n, 24]) -> y: f32[n, 16] { y = silu(matmul(x, w)); }
=== expect 0
