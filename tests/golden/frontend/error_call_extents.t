# a call binds bare dims; other extents and dtypes must agree
spc-opt model.sdl
=== model.sdl
dim n;
dim m;
layer g(p: f32[n, m], q: f32[m, 4]) -> y: f32[n, 4] { y = matmul(p, q); }
layer s(p: f32[2 * n]) -> y: f32[n] { y = slice(p, axis=0, to=n); }
layer f(x: f32[n, 8], z: f32[6, 4], h: f32[8, 4], i: f32[10], o: f16[10]) -> y: f32[n, 4] {
  a = g(x, z);
  e = s(i);
  k = s(o);
  y = g(x, h);
}
=== expect 1
model.sdl:6:12: error: the input 'q' of 'g' is f32[8,4] here, got f32[6,4]: on axis 0, 6 is not 8
  a = g(x, z);
           ^
model.sdl:3:23: note: declared f32[m,4] here
layer g(p: f32[n, m], q: f32[m, 4]) -> y: f32[n, 4] { y = matmul(p, q); }
                      ^
model.sdl:7:9: error: the input 'p' of 's' is f32[2*n] here, got f32[10]: on axis 0, 10 cannot be proved equal to 2*n
  e = s(i);
        ^
model.sdl:4:9: note: declared f32[2*n] here
layer s(p: f32[2 * n]) -> y: f32[n] { y = slice(p, axis=0, to=n); }
        ^
model.sdl:8:9: error: the input 'p' of 's' is f32[2*n] here, got f16[10]: use cast(..., f32)
  k = s(o);
        ^
model.sdl:4:9: note: declared f32[2*n] here
layer s(p: f32[2 * n]) -> y: f32[n] { y = slice(p, axis=0, to=n); }
        ^
