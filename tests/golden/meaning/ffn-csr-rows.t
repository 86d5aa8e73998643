# The same with this storage and these lanes.
spc-opt --all --verify --check '--plan=@ffn.0 store=csr lanes=rows' input.sdl
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
=== expect 1
plan:1:1: error: plan of kernel ffn.0 (store=csr tile=1xall rows=all unroll=4 lanes=rows par=both pack=no): store: lanes=rows needs rows per group that are a multiple of the vector's lanes
@ffn.0 store=csr lanes=rows
^~~~~~
