# windows that do not fit, padding without sense, strides that are not known
spc-opt model.sdl
=== model.sdl
dim n, s;
weight k: f32[4, 3, 3, 3];
weight k2: f32[4, 3, 3, 5];
weight dw: f32[3, 3, 3];
weight b: f32[5];
layer f(i: f32[n, 6, 6, 3], small: f32[n, 2, 6, 3], m: f32[n, s, s, 3]) -> y: f32[n, 1] {
  a = conv2d(i, k, dilation=3);
  c = conv2d(i, k, dilation=[1, 4]);
  d = conv2d(small, k);
  e = conv2d(small, k, pad=[0, 1, 0, 0]);
  g = conv2d(i, k, pad=100);
  h = conv2d(i, k2);
  j = conv2d(i, k, b);
  l = conv2d(i, k, stride=s);
  o = conv2d(i, k, pad=-1);
  p = conv2d(i, k, stride=4294967296);
  q = conv2d(i, k, pad=9223372036854775807);
  r = depthwise_conv2d(i, dw, dilation=9223372036854775807);
  t = depthwise_conv2d(i, k);
  u = maxpool2d(i, 7);
  v = maxpool2d(i, 2, pad=2);
  w = avgpool2d(i, [2, 0]);
  x = avgpool2d(i, s);
  z = conv2d(m, k, pad=9223372036854775807);
  y = mean(i, axis=[1, 2, 3]);
}
=== expect 1
model.sdl:7:29: error: conv2d: the window reaches over 7 rows, but x has 6
  a = conv2d(i, k, dilation=3);
                            ^
model.sdl:8:29: error: conv2d: the window reaches over 9 columns, but x has 6
  c = conv2d(i, k, dilation=[1, 4]);
                            ^~~~~~
model.sdl:9:21: error: conv2d: the window reaches over 3 rows, but x has 2
  d = conv2d(small, k);
                    ^
model.sdl:11:24: error: conv2d: 100 rows of padding around 6 rows of x, more than x and the window (3) have; pad(x, ...) adds as many as are wanted
  g = conv2d(i, k, pad=100);
                       ^~~
model.sdl:12:17: error: conv2d: the last axis of x [n, h, w, c] is 3 but that of w [out, kh, kw, in] is 5
  h = conv2d(i, k2);
                ^~
model.sdl:13:20: error: conv2d: the length of b is 5 but the number of outputs is 4
  j = conv2d(i, k, b);
                   ^
model.sdl:14:27: error: conv2d: stride is s; it must be known at compile time
  l = conv2d(i, k, stride=s);
                          ^
model.sdl:15:24: error: -1 is too small; at least 0 is needed
  o = conv2d(i, k, pad=-1);
                       ^
model.sdl:16:27: error: conv2d: stride is 4294967296; at most 2^31 - 1 is possible
  p = conv2d(i, k, stride=4294967296);
                          ^~~~~~~~~~
model.sdl:17:24: error: conv2d: 9223372036854775807 rows of padding around 6 rows of x, more than x and the window (3) have; pad(x, ...) adds as many as are wanted
  q = conv2d(i, k, pad=9223372036854775807);
                       ^~~~~~~~~~~~~~~~~~~
model.sdl:18:40: error: depthwise_conv2d: dilation is 9223372036854775807; at most 2^31 - 1 is possible
  r = depthwise_conv2d(i, dw, dilation=9223372036854775807);
                                       ^~~~~~~~~~~~~~~~~~~
model.sdl:19:27: error: depthwise_conv2d: w [kh, kw, c] has 3 axes, got f32[4,3,3,3]
  t = depthwise_conv2d(i, k);
                          ^
model.sdl:20:20: error: maxpool2d: the window reaches over 7 rows, but x has 6
  u = maxpool2d(i, 7);
                   ^
model.sdl:21:27: error: maxpool2d: 2 rows of padding for a window of 2: some windows would see nothing of x
  v = maxpool2d(i, 2, pad=2);
                          ^
model.sdl:22:20: error: 0 is too small; at least 1 is needed
  w = avgpool2d(i, [2, 0]);
                   ^~~~~~
model.sdl:23:20: error: avgpool2d: size is s; it must be known at compile time
  x = avgpool2d(i, s);
                   ^
model.sdl:24:24: error: conv2d: the rows of the result overflow 63 bits
  z = conv2d(m, k, pad=9223372036854775807);
                       ^~~~~~~~~~~~~~~~~~~
model.sdl:25:3: error: the result 'y' is declared f32[n,1] but this is f32[n]: it has 1 axis, not 2
  y = mean(i, axis=[1, 2, 3]);
  ^
model.sdl:6:76: note: declared here
layer f(i: f32[n, 6, 6, 3], small: f32[n, 2, 6, 3], m: f32[n, s, s, 3]) -> y: f32[n, 1] {
                                                                           ^
model.sdl:10:3: warning: the name 'e' is never used
  e = conv2d(small, k, pad=[0, 1, 0, 0]);
  ^
