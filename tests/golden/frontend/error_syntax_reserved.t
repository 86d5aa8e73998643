# the six item words are reserved
spc-opt model.sdl
=== model.sdl
const dim = 3;
layer f(x: f32[4]) -> y: f32[4] { y = x; }
=== expect 1
model.sdl:1:7: error: expected a name but found 'dim'
const dim = 3;
      ^~~
