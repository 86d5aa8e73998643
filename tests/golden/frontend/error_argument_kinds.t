# arguments of the wrong kind
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8], i: f32[n, 6, 6, 3], k: f32[4, 3, 3, 3]) -> y: f32[n, 4] {
  a = relu(quantize(x, i8, row));
  a1 = reshape(x, [n, 0.5]);
  a2 = reshape(x, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  a3 = conv2d(i, k, stride=[1, 2, 3]);
  a4 = mean(x, axis=[0, 0, 0, 0, 0, 0, 0, 0, 0]);
  a5 = reshape(x, 8);
  a6 = reshape(x, [n, 1, 1, 1, 1, 1, 1, 1, 8]);
  a7 = pad(x, [1, [1, 1]]);
  a8 = pad(x, [[1], [1, 2, 3]]);
  a9 = pad(x, 3);
  b0 = leaky_relu(x, slope=x);
  b1 = leaky_relu(x, slope=n);
  b2 = resize_bilinear(i, 2, 2, align=1);
  b3 = quantize(x, i8, rows);
  b4 = concat(parts=x, axis=0);
  b5 = mean(x, axis=n);
  y = linear(x, w);
}
=== expect 1
model.sdl:4:12: error: this argument cannot take a quantised value; it goes to linear, matmul or dequantize only
  a = relu(quantize(x, i8, row));
           ^~~~~~~~
model.sdl:5:23: error: an integer is expected here, this is a number
  a1 = reshape(x, [n, 0.5]);
                      ^~~
model.sdl:6:68: error: this list has over 16 elements
  a2 = reshape(x, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
                                                                   ^
model.sdl:7:28: error: an integer or [height, width] is expected here, this list has 3 elements
  a3 = conv2d(i, k, stride=[1, 2, 3]);
                           ^~~~~~~~~
model.sdl:8:21: error: a list of axes, each once, is expected here, this list has 9 elements
  a4 = mean(x, axis=[0, 0, 0, 0, 0, 0, 0, 0, 0]);
                    ^~~~~~~~~~~~~~~~~~~~~~~~~~~
model.sdl:9:19: error: a shape in brackets is expected here, as in [batch, 64]
  a5 = reshape(x, 8);
                  ^
model.sdl:10:19: error: a tensor has at most 8 axes, this shape has 9
  a6 = reshape(x, [n, 1, 1, 1, 1, 1, 1, 1, 8]);
                  ^~~~~~~~~~~~~~~~~~~~~~~~~~~
model.sdl:11:16: error: a pair [before, after] is expected here
  a7 = pad(x, [1, [1, 1]]);
               ^
model.sdl:12:16: error: a pair [before, after] is expected here, this list has 1 element
  a8 = pad(x, [[1], [1, 2, 3]]);
               ^~~
model.sdl:12:21: error: a pair [before, after] is expected here, this list has 3 elements
  a8 = pad(x, [[1], [1, 2, 3]]);
                    ^~~~~~~~~
model.sdl:13:15: error: a list with a pair [before, after] for each axis is expected here
  a9 = pad(x, 3);
              ^
model.sdl:14:28: error: a constant number is expected here, this is f32[n,8]
  b0 = leaky_relu(x, slope=x);
                           ^
model.sdl:15:28: error: a constant number is expected here, this is known only at the call
  b1 = leaky_relu(x, slope=n);
                           ^
model.sdl:16:39: error: true or false is expected here, this is an integer
  b2 = resize_bilinear(i, 2, 2, align=1);
                                      ^
model.sdl:17:24: error: row or tensor is expected here
  b3 = quantize(x, i8, rows);
                       ^~~~
model.sdl:18:15: error: 'parts' is given by position, not by name
  b4 = concat(parts=x, axis=0);
              ^~~~~
model.sdl:19:21: error: an axis is a constant integer, this is known only at the call
  b5 = mean(x, axis=n);
                    ^
model.sdl:4:12: error: 'quantize' is not supported yet
  a = relu(quantize(x, i8, row));
           ^~~~~~~~
