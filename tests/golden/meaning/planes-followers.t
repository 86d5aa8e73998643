# What goes along with planes: slopes and gates for each channel, sums over pixels, channels of zeros, some of the channels, channels
# side by side; a value of several users joins them where they are one group.
spc-opt --passes=simplify_graph,layout,fuse --verify --check net.sdl
=== net.sdl
weight w: f32[8, 1, 1, 4] sparse unstructured;
weight slope: f32[8];
weight u: f32[8, 1, 1, 10] sparse unstructured;
dim n;
layer net(x: f32[n, 6, 7, 4]) -> (y: f32[n, 6, 7, 11], g: f32[n, 8]) {
    a = conv2d(x, w);
    b = where(a > 0.0, a, a * slope);
    s = mean(b, axis=[1, 2]);
    c = b * reshape(s, [n, 1, 1, 8]);
    d = conv2d(pad(c, [[0, 0], [0, 0], [0, 0], [0, 2]]), u);
    e = d * relu6(d + 3.0) / 6.0;
    y = concat(e, slice(c, axis=3, from=2, to=5), axis=3);
    g = sum(e, axis=[1, 2]);
}
=== expect 0
