# cast takes a dtype
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  a = cast(x, f31);
  c = cast(x, i4);
  e = cast(x, 3);
  y = linear(x, w);
}
=== expect 1
model.sdl:4:15: error: a dtype is expected here, as f32, i8 or bool; did you mean 'f32'?
  a = cast(x, f31);
              ^~~
model.sdl:5:15: error: cast: i4 is for weights only; use i8
  c = cast(x, i4);
              ^~
model.sdl:6:15: error: a dtype is expected here, as f32, i8 or bool
  e = cast(x, 3);
              ^
