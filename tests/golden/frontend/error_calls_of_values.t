# where quantised values, scaled weights and calls cannot go
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
weight q: i8[4, 8] scale row;
layer g(p: f32[4, 8]) -> y: f32[4, 8] { y = p; }
layer f(x: f32[n, 8]) -> (y: f32[n, 4], z: i8[4, 8], u: f32[n, 8]) {
  a = g(q);
  z = q;
  y = linear(x, w);
  e = u + x;
}
const k = relu(3), l = true, o = 2 < 3, r = !true;
=== expect 1
model.sdl:11:11: error: 'relu' is called; only integers, consts and their arithmetic can stand here
const k = relu(3), l = true, o = 2 < 3, r = !true;
          ^~~~
model.sdl:11:24: error: a const is a number, this is a truth value
const k = relu(3), l = true, o = 2 < 3, r = !true;
                       ^~~~
model.sdl:11:36: error: '<' cannot stand here; numbers know + - * /
const k = relu(3), l = true, o = 2 < 3, r = !true;
                                   ^
model.sdl:11:45: error: a const is a number, this is a truth value
const k = relu(3), l = true, o = 2 < 3, r = !true;
                                            ^
model.sdl:6:9: error: a layer cannot take 'q': a weight with a scale is the w of linear, matmul or a convolution only
  a = g(q);
        ^
model.sdl:7:3: error: the result 'z' cannot be i8[4,8] with a scale; use dequantize
  z = q;
  ^
model.sdl:5:41: note: declared here
layer f(x: f32[n, 8]) -> (y: f32[n, 4], z: i8[4, 8], u: f32[n, 8]) {
                                        ^
model.sdl:9:7: error: 'u' is used but never assigned
  e = u + x;
      ^
model.sdl:5:54: error: the result 'u' is never assigned
layer f(x: f32[n, 8]) -> (y: f32[n, 4], z: i8[4, 8], u: f32[n, 8]) {
                                                     ^
model.sdl:11:7: warning: the const 'k' is never used
const k = relu(3), l = true, o = 2 < 3, r = !true;
      ^
model.sdl:11:20: warning: the const 'l' is never used
const k = relu(3), l = true, o = 2 < 3, r = !true;
                   ^
model.sdl:11:30: warning: the const 'o' is never used
const k = relu(3), l = true, o = 2 < 3, r = !true;
                             ^
model.sdl:11:41: warning: the const 'r' is never used
const k = relu(3), l = true, o = 2 < 3, r = !true;
                                        ^
