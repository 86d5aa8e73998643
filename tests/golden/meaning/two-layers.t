# Layers that call layers, results that are used twice, dims with a contract.
spc-opt --all --verify --check  input.sdl
=== input.sdl
dim batch = 1..33 step 4;
weight w: f32[24, 16] sparse block(8, 4);
weight v: f32[16, 24] sparse band(-2, 3);
weight g: f32[16];
layer half(x: f32[batch, 16]) -> y: f32[batch, 24] { y = relu(linear(x, w)); }
layer net(x: f32[batch, 16]) -> (y: f32[batch, 16], z: f32[batch, 24]) {
    z = half(x);
    t = linear(z, v, g);
    y = max(t, x) * 0.5 + x;
}
=== expect 0
