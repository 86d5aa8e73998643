# convolutions, pooling, resizing; depth_to_space is axes split, reordered and merged; padding by TensorFlow's rule
spc-opt model.sdl
=== model.sdl
dim n, h, w;
weight k: f32[4, 3, 3, 3] sparse unstructured;
weight b: f32[4];
weight d: f32[3, 5, 4];
layer net(x: f32[n, 2*h, 2*w, 3]) -> (y: f32[n, 2*h, 2*w, 4], z: f32[n, h, w, 4], s: f32[n, 4*h, 4*w, 1], c: f32[n, h, w, 4], r: f32[n, 7, h, 4]) {
    y = conv2d(x, k, b, pad=1) |> depthwise_conv2d(d, pad=same, dilation=[1, 2]);
    z = maxpool2d(y, 2);
    a = avgpool2d(y, [3, 3], stride=1, pad=1);
    c = conv2d(x, k, stride=2, pad=same);
    s = depth_to_space(a, 2);
    r = resize_bilinear(y, 7, h, half_pixel=true);
}
=== expect 0
dim n
dim h
dim w

graph @net {
  %0 = input "x" : f32[n,2*h,2*w,3]
  %1 = weight "k" [tensor="k", pattern="unstructured"] : f32[4,3,3,3]
  %2 = weight "b" [tensor="b"] : f32[4]
  %3 = conv2d %0, %1, %2 [stride=(1,1), dilation=(1,1), before="1;1"] : f32[n,2*h,2*w,4]
  %4 = weight "d" [tensor="d"] : f32[3,5,4]
  %5 = depthwise_conv2d %3, %4 [stride=(1,1), dilation=(1,2), before="1;4"] : f32[n,2*h,2*w,4]
  %6 = maxpool2d %5 [size=(2,2), stride=(2,2), before="0;0"] : f32[n,h,w,4]
  %7 = avgpool2d %5 [size=(3,3), stride=(1,1), before="1;1"] : f32[n,2*h,2*w,4]
  %8 = conv2d %0, %1 [stride=(2,2), dilation=(1,1), before="0;0"] : f32[n,h,w,4]
  %9 = reshape %7 : f32[n,2*h,2*w,2,2,1]
  %10 = transpose %9 [perm=(0,1,3,2,4,5)] : f32[n,2*h,2,2*w,2,1]
  %11 = reshape %10 : f32[n,4*h,4*w,1]
  %12 = resize_bilinear %5 [half_pixel] : f32[n,7,h,4]
  output %5 "y"
  output %6 "z"
  output %11 "s"
  output %8 "c"
  output %12 "r"
}
