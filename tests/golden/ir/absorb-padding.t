# padding becomes the convolution's own, not the pooling's; the kernels compute what the graph says
spc-opt --passes=simplify_graph input.sdl
=== input.sdl
dim n = 0..3;
weight w: f32[4, 3, 3, 2] sparse unstructured;
weight d: f32[3, 3, 4];
layer f(x: f32[n, 5, 5, 2]) -> (y: f32[n, 3, 3, 4], z: f32[n, 7, 6, 2]) {
    p = pad(x, [[0, 0], [1, 1], [0, 1], [0, 0]]);
    y = conv2d(p, w, stride=2, pad=[1, 0, 0, 0]) |> pad([[0, 0], [1, 1], [1, 2], [0, 0]]) |> depthwise_conv2d(d);
    z = maxpool2d(p, 2, stride=1, pad=[1, 0, 0, 1]);
}
=== expect 0
dim n 0..3

graph @f {
  %0 = input "x" : f32[n,5,5,2]
  %1 = pad %0 [before="0;1;0;0"] : f32[n,7,6,2]
  %2 = weight "w" [tensor="w", pattern="unstructured"] : f32[4,3,3,2]
  %3 = conv2d %0, %2 [stride=(2,2), dilation=(1,1), before="2;0"] : f32[n,3,2,4]
  %4 = weight "d" [tensor="d"] : f32[3,3,4]
  %5 = depthwise_conv2d %3, %4 [stride=(1,1), dilation=(1,1), before="1;1"] : f32[n,3,3,4]
  %6 = maxpool2d %1 [size=(2,2), stride=(1,1), before="1;0"] : f32[n,7,6,2]
  output %5 "y"
  output %6 "z"
}
