# an extent of the body that is too large with the dims of a call
spc-opt model.sdl
=== model.sdl
dim n;
layer outer(x: f32[n, 1], y: f32[1, n], v: f32[n]) -> z: f32[n] {
  a = matmul(x, y);
  z = v;
  b = a + 1;
}
layer f(x: f32[2199023255552, 1], y: f32[1, 2199023255552], v: f32[2199023255552]) -> z: f32[2199023255552] {
  z = outer(x, y, v);
}
=== expect 1
model.sdl:5:3: warning: the name 'b' is never used
  b = a + 1;
  ^
model.sdl:8:7: error: the result f32[2199023255552,2199023255552] is too large: it takes over 2^63 bytes
  z = outer(x, y, v);
      ^~~~~
model.sdl:3:7: note: of this operation, f32[n,n]
  a = matmul(x, y);
      ^~~~~~
