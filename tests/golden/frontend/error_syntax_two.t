# several syntax errors of a body, each with its place
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
weight b: f32[4];
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  a = ;
  b = (x;
  y = linear(x, w);
}
=== expect 1
model.sdl:5:7: error: expected an expression but found ';'
  a = ;
      ^
model.sdl:6:9: error: expected '(', ')' or an operator but found ';'
  b = (x;
        ^
