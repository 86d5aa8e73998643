# a missing brace is reported at the item word; what follows is checked all the same
spc-opt model.sdl
=== model.sdl
layer f(x: f32[4]) -> y: f32[4] {
  y = x;
layer g(x: f32[4]) -> y: f32[4] {
  y = q;
}
=== expect 1
model.sdl:3:1: error: expected a name or '}' but found 'layer'
layer g(x: f32[4]) -> y: f32[4] {
^~~~~
model.sdl:4:7: error: 'q' is not defined
  y = q;
      ^
