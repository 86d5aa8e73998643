# a strided convolution of a padded image, a depthwise one with its tail, a resize: each one kernel
spc-opt --all --verify --check input.sdl
=== input.sdl
dim n = 0..3;
weight w: f32[4, 3, 3, 2] sparse unstructured;
weight d: f32[3, 3, 4];
layer f(x: f32[n, 5, 5, 2]) -> (y: f32[n, 3, 3, 4], z: f32[n, 6, 4, 4]) {
    y = conv2d(x, w, stride=2, pad=1) |> relu;
    z = resize_bilinear(depthwise_conv2d(y, d, pad=1) + y, 6, 4, half_pixel=true);
}
=== expect 0
