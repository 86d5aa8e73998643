# a missing semicolon is one message, at the token that cannot follow
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  a = linear(x, w)
  y = a;
}
=== expect 1
model.sdl:5:3: error: expected ';' or an operator but found 'y'
  y = a;
  ^
