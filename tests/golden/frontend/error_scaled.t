# where scaled weights and quantised values may go
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
weight q: i8[4, 8] scale row;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  a = q + x;
  c = relu(q);
  e = linear(q, w);
  g = quantize(x, i8, row);
  h = g + 1;
  i = linear(g, w);
  j = linear(g, q);
  k = linear(x, q);
  y = j + k;
}
=== expect 1
model.sdl:5:9: error: '+' cannot take 'q': a weight with a scale is the w of linear, matmul or a convolution only
  a = q + x;
        ^
model.sdl:6:12: error: this argument cannot take 'q': a weight with a scale is the w of linear, matmul or a convolution only
  c = relu(q);
           ^
model.sdl:7:14: error: x cannot take 'q': a weight with a scale is the w of linear, matmul or a convolution only
  e = linear(q, w);
             ^
model.sdl:9:9: error: '+' cannot take a quantised value; it goes to linear, matmul or dequantize only
  h = g + 1;
        ^
model.sdl:10:17: error: linear: a quantised x needs w with a scale, got f32[4,8]
  i = linear(g, w);
                ^
model.sdl:8:7: error: 'quantize' is not supported yet
  g = quantize(x, i8, row);
      ^~~~~~~~
model.sdl:11:17: error: a weight with a scale (i8, i4) is not supported yet
  j = linear(g, q);
                ^
model.sdl:12:17: error: a weight with a scale (i8, i4) is not supported yet
  k = linear(x, q);
                ^
