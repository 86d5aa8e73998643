# computed extents and slices out of bounds
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  a = slice(x, axis=1, from=3, to=3);
  c = slice(x, axis=1, from=5, to=3);
  e = slice(x, axis=1, to=9);
  y = linear(x, w);
}
=== expect 1
model.sdl:4:7: error: extent 1 of the result would be 0; a constant extent is at least 1
  a = slice(x, axis=1, from=3, to=3);
      ^~~~~
model.sdl:5:7: error: slice: from 5 to 3 is not within 0 to 8, the extent of axis 1
  c = slice(x, axis=1, from=5, to=3);
      ^~~~~
model.sdl:6:7: error: slice: from 0 to 9 is not within 0 to 8, the extent of axis 1
  e = slice(x, axis=1, to=9);
      ^~~~~
