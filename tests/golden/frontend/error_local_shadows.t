# names of a layer do not repeat values of the file
spc-opt model.sdl
=== model.sdl
dim n;
const d = 8;
weight w: f32[4, 8] sparse 2:4;
layer f(n: f32[n, 8], x: f32[n, 8]) -> y: f32[n, 4] {
  w = x;
  d = x;
  y = linear(x, w);
}
=== expect 1
model.sdl:4:9: error: the input 'n' repeats the name of a dim of the file; give it another
layer f(n: f32[n, 8], x: f32[n, 8]) -> y: f32[n, 4] {
        ^
model.sdl:1:5: note: declared here
dim n;
    ^
model.sdl:5:3: error: the name 'w' repeats the name of a weight of the file; give it another
  w = x;
  ^
model.sdl:3:8: note: declared here
weight w: f32[4, 8] sparse 2:4;
       ^
model.sdl:6:3: error: the name 'd' repeats the name of a const of the file; give it another
  d = x;
  ^
model.sdl:2:7: note: declared here
const d = 8;
      ^
model.sdl:2:7: warning: the const 'd' is never used
const d = 8;
      ^
