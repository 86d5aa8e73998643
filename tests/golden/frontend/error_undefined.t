# undefined names with suggestions
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  y = linear(xx, w) + bb;
}
=== expect 1
model.sdl:4:14: error: 'xx' is not defined; did you mean 'x'?
  y = linear(xx, w) + bb;
             ^~
model.sdl:4:23: error: 'bb' is not defined
  y = linear(xx, w) + bb;
                      ^~
model.sdl:3:9: warning: the input 'x' is never used
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
        ^
