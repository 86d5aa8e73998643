# an item without its semicolon costs that item only, and its names are not called undefined
spc-opt model.sdl
=== model.sdl
dim n
const d = 3;
layer f(x: f32[d]) -> y: f32[d] { y = x; }
=== expect 1
model.sdl:2:1: error: expected ';', '=' or ',' but found 'const'
const d = 3;
^~~~~
