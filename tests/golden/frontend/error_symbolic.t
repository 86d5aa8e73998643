# symbolic extents that cannot be proved equal
spc-opt model.sdl
=== model.sdl
dim n;
dim m;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8], z: f32[m, 8], t: f32[8, 8]) -> y: f32[n, 4] {
  a = x + z;
  c = x + matmul(z, t);
  y = linear(x, w);
}
=== expect 1
model.sdl:5:9: error: '+': the shapes f32[n,8] and f32[m,8] do not fit: on axis 0 of the result, m cannot be proved equal to n
  a = x + z;
        ^
model.sdl:6:9: error: '+': the shapes f32[n,8] and f32[m,8] do not fit: on axis 0 of the result, m cannot be proved equal to n
  c = x + matmul(z, t);
        ^
