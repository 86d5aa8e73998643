# Half precision weights and activations.
spc-opt --all --verify --check  input.sdl
=== input.sdl
dim n = 0..40;
weight w: f16[24, 16] sparse unstructured;
layer f(x: f16[n, 16]) -> y: f16[n, 24] { y = relu(linear(x, w)); }
=== expect 0
