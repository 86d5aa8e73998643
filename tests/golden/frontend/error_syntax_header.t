# a broken header does not spoil the next layer
spc-opt model.sdl
=== model.sdl
layer f(x: f32[4] -> y: f32[4] {
  y = x;
}
layer g(x: f32[4]) -> y: f32[4] {
  y = q;
}
=== expect 1
model.sdl:1:19: error: expected ')' or ',' but found '->'
layer f(x: f32[4] -> y: f32[4] {
                  ^~
model.sdl:5:7: error: 'q' is not defined
  y = q;
      ^
