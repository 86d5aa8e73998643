# Convolutions become ops on planes: padding goes into their windows, elementwise ops follow, what is between is not transposed;
# a depthwise convolution and its activation join the 1x1 convolution that they feed, with the residual behind it.
spc-opt --passes=simplify_graph,layout,fuse --verify --check net.sdl
=== net.sdl
weight stem: f32[8, 3, 3, 3];
weight stem_bias: f32[8];
weight d: f32[3, 3, 8];
weight d_bias: f32[8];
weight w: f32[8, 1, 1, 8] sparse unstructured;
weight last: f32[3, 3, 8];
dim n;
layer net(x: f32[n, 16, 44, 3]) -> y: f32[n, 4, 11, 8] {
    a = relu(conv2d(pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), stem, stem_bias, stride=2));
    b = relu6(depthwise_conv2d(pad(a, [[0, 0], [1, 1], [1, 1], [0, 0]]), d, d_bias));
    c = relu(a + conv2d(b, w));
    y = depthwise_conv2d(c, last, stride=2, pad=same);
}
=== expect 0
