# The planner's own choice computes what the layer means.
spc-opt --all --verify --check  input.sdl
=== input.sdl
dim batch = 0..40;
const d = 32, h = 2 * d;
weight w1: f32[h, d] sparse unstructured;
weight b1: f32[h];
weight w2: f32[d, h] sparse 2:4 from "fc2.weight";
layer ffn(x: f32[batch, d]) -> y: f32[batch, d] {
    a = gelu(linear(x, w1, b1));
    y = x + linear(a, w2);
}
=== expect 0
