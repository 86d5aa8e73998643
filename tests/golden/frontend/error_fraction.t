# numbers that an integer tensor cannot hold
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8], z: i32[n, 8], u: u8[4]) -> y: f32[n, 4] {
  a = z + 0.5;
  c = z + 3000000000;
  e = u + 300;
  g = u + 2.0;
  y = linear(x, w);
}
=== expect 1
model.sdl:4:9: error: the number 0.5 meets an integer tensor (i32); cast the tensor to a float first
  a = z + 0.5;
        ^
model.sdl:5:9: error: 3000000000 does not fit i32 (-2147483648 to 2147483647)
  c = z + 3000000000;
        ^
model.sdl:6:9: error: 300 does not fit u8 (0 to 255)
  e = u + 300;
        ^
model.sdl:7:3: warning: the name 'g' is never used
  g = u + 2.0;
  ^
