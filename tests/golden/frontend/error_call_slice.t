# slices and pads that fit a dim may not fit what a call binds it to
spc-opt model.sdl
=== model.sdl
dim n;
layer head(x: f32[n]) -> y: f32[16] { y = slice(x, axis=0, to=16); }
layer tail(x: f32[n]) -> y: f32[8] { y = slice(x, axis=0, from=n - 8); }
layer grown(x: f32[n]) -> y: f32[20] { y = pad(x, [[0, 20 - n]]); }
layer moved(x: f32[n]) -> y: f32[20] { y = pad(x, [[20 - n, 0]]); }
layer f(x: f32[8], z: f32[4], u: f32[24], v: f32[20]) -> (a: f32[16], b: f32[8], c: f32[20], d: f32[20], e: f32[8], g: f32[20]) {
  e = tail(x);
  g = moved(v);
  a = head(x);
  b = tail(z);
  c = grown(u);
  d = moved(u);
}
=== expect 1
model.sdl:9:7: error: with the dims of this call, slice goes beyond the extents of its tensor
  a = head(x);
      ^~~~
model.sdl:2:43: note: of this operation, f32[16]
layer head(x: f32[n]) -> y: f32[16] { y = slice(x, axis=0, to=16); }
                                          ^~~~~
model.sdl:10:7: error: with the dims of this call, slice goes beyond the extents of its tensor
  b = tail(z);
      ^~~~
model.sdl:3:42: note: of this operation, f32[8]
layer tail(x: f32[n]) -> y: f32[8] { y = slice(x, axis=0, from=n - 8); }
                                         ^~~~~
model.sdl:11:7: error: with the dims of this call, pad goes beyond the extents of its tensor
  c = grown(u);
      ^~~~~
model.sdl:4:44: note: of this operation, f32[20]
layer grown(x: f32[n]) -> y: f32[20] { y = pad(x, [[0, 20 - n]]); }
                                           ^~~
model.sdl:12:7: error: with the dims of this call, pad goes beyond the extents of its tensor
  d = moved(u);
      ^~~~~
model.sdl:5:44: note: of this operation, f32[20]
layer moved(x: f32[n]) -> y: f32[20] { y = pad(x, [[20 - n, 0]]); }
                                           ^~~
