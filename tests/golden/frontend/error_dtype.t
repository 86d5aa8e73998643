# dtypes differ without a cast, or do not fit the operation
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8], z: i32[n, 8]) -> y: f32[n, 4] {
  a = x + z;
  c = x & x;
  e = z / z;
  g = gelu(z);
  h = x == z;
  i = !x;
  j = -(x == x);
  k = x + true;
  y = linear(x, w);
}
=== expect 1
model.sdl:4:9: error: '+': the dtypes of f32[n,8] and i32[n,8] differ; use cast(..., f32)
  a = x + z;
        ^
model.sdl:5:9: error: '&' is for bool, not for f32; compare, as in x != 0
  c = x & x;
        ^
model.sdl:6:9: error: '/' is for floats, not for i32; use cast(..., f32)
  e = z / z;
        ^
model.sdl:7:12: error: gelu is for floats, not for i32; use cast(..., f32)
  g = gelu(z);
           ^
model.sdl:8:9: error: '==': the dtypes of f32[n,8] and i32[n,8] differ; use cast(..., f32)
  h = x == z;
        ^~
model.sdl:9:7: error: '!' is for bool, not for f32; compare, as in x != 0
  i = !x;
      ^
model.sdl:10:7: error: '-' is for numbers, not for bool
  j = -(x == x);
      ^
model.sdl:11:9: error: a truth value meets a tensor of f32
  k = x + true;
        ^
