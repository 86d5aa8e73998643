# names of a layer are assigned once
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  a = linear(x, w);
  a = relu(a);
  x = a;
  y = a;
  y = a;
}
=== expect 1
model.sdl:5:3: error: 'a' is declared already; a name is assigned once, and inputs not at all
  a = relu(a);
  ^
model.sdl:4:3: note: first declared here
  a = linear(x, w);
  ^
model.sdl:6:3: error: 'x' is declared already; a name is assigned once, and inputs not at all
  x = a;
  ^
model.sdl:3:9: note: first declared here
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
        ^
model.sdl:8:3: error: 'y' is declared already; a name is assigned once, and inputs not at all
  y = a;
  ^
model.sdl:7:3: note: first declared here
  y = a;
  ^
