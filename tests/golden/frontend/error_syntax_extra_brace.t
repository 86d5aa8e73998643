# a surplus brace does not spoil the next layer
spc-opt model.sdl
=== model.sdl
layer f(x: f32[4]) -> y: f32[4] {
  y = x;
}
}
layer g(x: f32[4]) -> y: f32[4] {
  y = q;
}
=== expect 1
model.sdl:4:1: error: expected dim, const, pattern, mask, weight or layer but found '}'
}
^
model.sdl:6:7: error: 'q' is not defined
  y = q;
      ^
