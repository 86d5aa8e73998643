# names of the file are declared once
spc-opt model.sdl
=== model.sdl
dim n;
const n = 3;
layer n(x: f32[4]) -> y: f32[4] { y = x; }
=== expect 1
model.sdl:2:7: error: the name 'n' is declared twice
const n = 3;
      ^
model.sdl:1:5: note: first declared here, as a dim
dim n;
    ^
model.sdl:3:7: error: the name 'n' is declared twice
layer n(x: f32[4]) -> y: f32[4] { y = x; }
      ^
model.sdl:1:5: note: first declared here, as a dim
dim n;
    ^
model.sdl:1:5: warning: the dim 'n' is never used
dim n;
    ^
