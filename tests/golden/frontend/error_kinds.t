# names of the wrong kind
spc-opt model.sdl
=== model.sdl
dim n;
pattern p = rows;
mask m = causal;
weight w: f32[4];
const c = w;
const e = n;
weight v: f32[n];
layer g(x: f32[4]) -> y: f32[4] { y = x; }
layer f(x: f32[4]) -> y: f32[4] {
  a = p;
  b = m + x;
  c1 = g;
  c2 = relu;
  c3 = w(x);
  c4 = 2:4;
  c5 = [1, 2];
  y = x;
}
=== expect 1
model.sdl:5:11: error: 'w' is a weight; it cannot stand here
const c = w;
          ^
model.sdl:4:8: note: declared here
weight w: f32[4];
       ^
model.sdl:6:11: error: 'n' is a dim, known only at the call; here only consts can stand
const e = n;
          ^
model.sdl:1:5: note: declared here
dim n;
    ^
model.sdl:7:15: error: 'n' is a dim, known only at the call; here only consts can stand
weight v: f32[n];
              ^
model.sdl:1:5: note: declared here
dim n;
    ^
model.sdl:10:7: error: 'p' is a pattern; it cannot stand here
  a = p;
      ^
model.sdl:2:9: note: declared here
pattern p = rows;
        ^
model.sdl:11:7: error: 'm' is a mask; it cannot stand here
  b = m + x;
      ^
model.sdl:3:6: note: declared here
mask m = causal;
     ^
model.sdl:12:8: error: 'g' is a layer; call it with its inputs in parentheses
  c1 = g;
       ^
model.sdl:8:7: note: declared here
layer g(x: f32[4]) -> y: f32[4] { y = x; }
      ^
model.sdl:13:8: error: 'relu' is an operation; write relu(...)
  c2 = relu;
       ^~~~
model.sdl:14:8: error: 'w' is a weight; only layers and operations are called
  c3 = w(x);
       ^
model.sdl:15:8: error: 2:4 is a pattern; it cannot stand here
  c4 = 2:4;
       ^~~
model.sdl:16:8: error: a list cannot stand here
  c5 = [1, 2];
       ^~~~~~
model.sdl:5:7: warning: the const 'c' is never used
const c = w;
      ^
model.sdl:6:7: warning: the const 'e' is never used
const e = n;
      ^
model.sdl:7:8: warning: the weight 'v' is never used
weight v: f32[n];
       ^
