# Planes as kernels: rows that fill vectors and rows that do not, parts of wide rows, strides of two, dilation, windows at edges.
spc-opt --all --verify --check  input.sdl
=== input.sdl
dim n = 0..3;
weight stem: f32[8, 3, 3, 3];
weight stem_bias: f32[8];
weight d: f32[3, 3, 8];
weight d_bias: f32[8];
weight w: f32[8, 1, 1, 8] sparse unstructured;
weight u: f32[9, 1, 1, 8] sparse block(3, 2);
weight last: f32[3, 3, 8];
weight wide: f32[5, 5, 2];
weight mix: f32[3, 1, 1, 2] sparse unstructured;
weight far: f32[4, 3, 2, 2] sparse unstructured;
layer net(x: f32[n, 14, 40, 3]) -> (y: f32[n, 4, 10, 8], z: f32[n, 7, 20, 9]) {
    a = relu(conv2d(pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), stem, stem_bias, stride=2));
    b = relu6(depthwise_conv2d(pad(a, [[0, 0], [1, 1], [1, 1], [0, 0]]), d, d_bias));
    c = relu(a + conv2d(b, w));
    z = conv2d(depthwise_conv2d(c, d, pad=same), u);
    y = depthwise_conv2d(c, last, stride=2, pad=same);
}
layer broad(x: f32[n, 6, 301, 2]) -> (y: f32[n, 3, 151, 3], z: f32[n, 6, 301, 4]) {
    y = conv2d(depthwise_conv2d(x, wide, stride=2, pad=same), mix);
    z = conv2d(x, far, dilation=[2, 3], pad=same) + 1;
}
=== expect 0
