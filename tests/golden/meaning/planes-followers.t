# What goes along with planes: slopes and gates for each channel, sums over pixels, channels of zeros, some of the channels, channels
# side by side, the largest of windows; a value of several users joins them where they are one group.
spc-opt --passes=simplify_graph,layout,fuse --verify --check net.sdl
=== net.sdl
weight w: f32[8, 1, 1, 4] sparse unstructured;
weight slope: f32[8];
weight u: f32[8, 1, 1, 10] sparse unstructured;
dim n;
layer net(x: f32[n, 6, 7, 4]) -> (y: f32[n, 6, 7, 11], g: f32[n, 8], p: f32[n, 3, 4, 8], q: f32[n, 6, 7, 8]) {
    a = conv2d(x, w);
    b = where(a > 0.0, a, a * slope);
    s = mean(b, axis=[1, 2]);
    c = b * reshape(s, [n, 1, 1, 8]);
    d = conv2d(pad(c, [[0, 0], [0, 0], [0, 0], [0, 2]]), u);
    e = d * relu6(d + 3.0) / 6.0;
    y = concat(e, slice(c, axis=3, from=2, to=5), axis=3);
    g = sum(e, axis=[1, 2]);
    p = maxpool2d(c, [2, 3], stride=2, pad=[0, 0, 1, 1]);
    q = maxpool2d(c, 3, stride=1, pad=1) + c;
}
=== expect 70
spc-opt: check: the graph after the passes differs in 'q': element 1 is 133.048 instead of 5.33333
