# a dim never broadcasts
spc-opt model.sdl
=== model.sdl
dim n;
dim m;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8], o: f32[m, 1]) -> y: f32[n, 4] {
  y = linear(x + o, w);
}
=== expect 1
model.sdl:5:16: error: '+': the shapes f32[n,8] and f32[m,1] do not fit: on axis 0 of the result, m cannot be proved equal to n
  y = linear(x + o, w);
               ^
