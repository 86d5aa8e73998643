# shape checks of operations that are not built yet
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8], i: f32[n, 6, 6, 3], k: f32[4, 3, 3, 3], k2: f32[4, 9, 9, 3]) -> y: f32[n, 4] {
  a = conv2d(x, w);
  b1 = conv2d(i, k, stride=0);
  c = conv2d(i, k, pad=sam);
  e = conv2d(i, k, pad=[1, 2]);
  g = conv2d(i, k, pad=same, stride=2);
  h = reshape(x, [n, 9]);
  j = reshape(x, [-1, -1]);
  l = transpose(x, [0, 0]);
  o = transpose(x, [1]);
  p = concat(x, x, axis=5);
  q = pad(x, [[1, 1]]);
  r = mean(x, axis=[0, 0]);
  s = softmax(sum(x));
  t = depth_to_space(i, 2);
  u = resize_bilinear(i, 4, 4, align=true, half_pixel=true);
  v = conv2d(i, k2);
  y = linear(x, w);
}
=== expect 1
model.sdl:4:14: error: conv2d: x [n, h, w, c] has 4 axes, got f32[n,8]
  a = conv2d(x, w);
             ^
model.sdl:5:28: error: 0 is too small; at least 1 is needed
  b1 = conv2d(i, k, stride=0);
                           ^
model.sdl:6:24: error: 'sam' is no padding: valid, same, an integer or [top, bottom, left, right]; did you mean 'same'?
  c = conv2d(i, k, pad=sam);
                       ^~~
model.sdl:7:24: error: valid, same, an integer or [top, bottom, left, right] is expected here, this list has 2 elements
  e = conv2d(i, k, pad=[1, 2]);
                       ^~~~~~
model.sdl:9:18: error: reshape: f32[n,8] has 8*n elements, this shape has 9*n; 8*n cannot be proved equal to 9*n
  h = reshape(x, [n, 9]);
                 ^~~~~~
model.sdl:10:18: error: reshape: only one extent may be -1
  j = reshape(x, [-1, -1]);
                 ^~~~~~~~
model.sdl:11:20: error: transpose: axis 0 is named twice
  l = transpose(x, [0, 0]);
                   ^~~~~~
model.sdl:12:20: error: transpose: the order names 1 axes, but x is f32[n,8]
  o = transpose(x, [1]);
                   ^~~
model.sdl:13:25: error: concat: axis 5 does not exist; x has 2 axes (-2 to 1)
  p = concat(x, x, axis=5);
                        ^
model.sdl:14:14: error: pad: 1 pairs of pads for the 2 axes of f32[n,8]
  q = pad(x, [[1, 1]]);
             ^~~~~~~~
model.sdl:15:20: error: mean: axis 0 is named twice
  r = mean(x, axis=[0, 0]);
                   ^~~~~~
model.sdl:16:15: error: softmax: x has 1 axis or more, got f32[]
  s = softmax(sum(x));
              ^~~
model.sdl:17:25: error: depth_to_space: a block of 2 x 2 does not divide the 3 channels of x
  t = depth_to_space(i, 2);
                        ^
model.sdl:18:55: error: resize_bilinear: align and half_pixel exclude each other
  u = resize_bilinear(i, 4, 4, align=true, half_pixel=true);
                                                      ^~~~
model.sdl:19:17: error: conv2d: the window reaches over 9 rows, but x has 6
  v = conv2d(i, k2);
                ^~
model.sdl:8:3: warning: the name 'g' is never used
  g = conv2d(i, k, pad=same, stride=2);
  ^
