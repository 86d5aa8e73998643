# What goes along with planes: slopes and gates for each channel, sums over pixels, channels of zeros, some of the channels, channels
# side by side, the largest of windows; a value of several users joins them where they are one group.
spc-opt --passes=simplify_graph,layout,fuse net.sdl
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
=== expect 0
dim n

graph @net {
  %0 = input "x" : f32[n,6,7,4]
  %1 = weight "w" [tensor="w", pattern="unstructured"] : f32[8,1,1,4]
  %2 = fused %0 "transpose" : f32[n,4,6,7] {
    %3 = arg [n=0] : f32[n,6,7,4]
    %4 = transpose %3 [perm=(0,3,1,2)] : f32[n,4,6,7]
  }
  %5 = weight "slope" [tensor="slope"] : f32[8]
  %6 = reshape %5 : f32[1,8,1,1]
  %7 = fused %2, %1, %6 "conv2d_planes+gt+mul+select" : f32[n,8,6,7] {
    %8 = arg [n=0] : f32[n,4,6,7]
    %9 = arg [n=1] : f32[8,1,1,4]
    %10 = conv2d_planes %8, %9 [stride=(1,1), dilation=(1,1), before="0;0"] : f32[n,8,6,7]
    %11 = const 0.0 : f32[]
    %12 = gt %10, %11 : bool[n,8,6,7]
    %13 = arg [n=2] : f32[1,8,1,1]
    %14 = mul %10, %13 : f32[n,8,6,7]
    %15 = select %12, %10, %14 : f32[n,8,6,7]
  }
  %16 = fused %7 "mean" : f32[n,8] {
    %17 = arg [n=0] : f32[n,8,6,7]
    %18 = mean %17 [axes=(2,3)] : f32[n,8]
  }
  %19 = reshape %16 : f32[n,1,1,8]
  %20 = reshape %19 : f32[n,8,1,1]
  %21 = fused %7, %20 "mul" : f32[n,8,6,7] {
    %22 = arg [n=0] : f32[n,8,6,7]
    %23 = arg [n=1] : f32[n,8,1,1]
    %24 = mul %22, %23 : f32[n,8,6,7]
  }
  %25 = fused %21 "pad" : f32[n,10,6,7] {
    %26 = arg [n=0] : f32[n,8,6,7]
    %27 = pad %26 [before="0;0;0;0"] : f32[n,10,6,7]
  }
  %28 = weight "u" [tensor="u", pattern="unstructured"] : f32[8,1,1,10]
  %29 = fused %25, %28 "conv2d_planes+add+relu6+mul+div" : f32[n,8,6,7] {
    %30 = arg [n=0] : f32[n,10,6,7]
    %31 = arg [n=1] : f32[8,1,1,10]
    %32 = conv2d_planes %30, %31 [stride=(1,1), dilation=(1,1), before="0;0"] : f32[n,8,6,7]
    %33 = const 3.0 : f32[]
    %34 = add %32, %33 : f32[n,8,6,7]
    %35 = relu6 %34
    %36 = mul %32, %35 : f32[n,8,6,7]
    %37 = const 6.0 : f32[]
    %38 = div %36, %37 : f32[n,8,6,7]
  }
  %39 = fused %21 "slice" : f32[n,3,6,7] {
    %40 = arg [n=0] : f32[n,8,6,7]
    %41 = slice %40 [axis=1, from="2"] : f32[n,3,6,7]
  }
  %42 = fused %29, %39 "concat" : f32[n,11,6,7] {
    %43 = arg [n=0] : f32[n,8,6,7]
    %44 = arg [n=1] : f32[n,3,6,7]
    %45 = concat %43, %44 [axis=1] : f32[n,11,6,7]
  }
  %46 = fused %29 "sum" : f32[n,8] {
    %47 = arg [n=0] : f32[n,8,6,7]
    %48 = sum %47 [axes=(2,3)] : f32[n,8]
  }
  %49 = fused %21 "transpose" : f32[n,6,7,8] {
    %50 = arg [n=0] : f32[n,8,6,7]
    %51 = transpose %50 [perm=(0,2,3,1)] : f32[n,6,7,8]
  }
  %52 = fused %49 "maxpool2d" : f32[n,3,4,8] {
    %53 = arg [n=0] : f32[n,6,7,8]
    %54 = maxpool2d %53 [size=(2,3), stride=(2,2), before="0;1"] : f32[n,3,4,8]
  }
  %55 = fused %21 "maxpool2d_planes+add" : f32[n,8,6,7] {
    %56 = arg [n=0] : f32[n,8,6,7]
    %57 = maxpool2d_planes %56 [size=(3,3), stride=(1,1), before="1;1"] : f32[n,8,6,7]
    %58 = add %57, %56 : f32[n,8,6,7]
  }
  %59 = fused %42 "transpose" : f32[n,6,7,11] {
    %60 = arg [n=0] : f32[n,11,6,7]
    %61 = transpose %60 [perm=(0,2,3,1)] : f32[n,6,7,11]
  }
  output %59 "y"
  output %46 "g"
  output %52 "p"
  %62 = fused %55 "transpose" : f32[n,6,7,8] {
    %63 = arg [n=0] : f32[n,8,6,7]
    %64 = transpose %63 [perm=(0,2,3,1)] : f32[n,6,7,8]
  }
  output %62 "q"
}
