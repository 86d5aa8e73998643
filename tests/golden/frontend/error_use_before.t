# a name read before it is assigned
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  a = c + 1;
  c = linear(x, w);
  y = a;
}
=== expect 1
model.sdl:4:7: error: 'c' is used before it is assigned
  a = c + 1;
      ^
model.sdl:5:3: note: assigned here
  c = linear(x, w);
  ^
model.sdl:5:3: warning: the name 'c' is never used
  c = linear(x, w);
  ^
