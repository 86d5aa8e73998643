# arguments of layers: missing, surplus, unknown, repeated, out of order, of a wrong shape
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer g(p: f32[n, 8], q: f32[n, 8]) -> y: f32[n, 8] { y = p + q; }
layer f(x: f32[n, 8]) -> y: f32[n, 8] {
  a = g(x);
  b1 = g(x, x, x);
  c = g(x, r=x);
  e = g(x, p=x);
  h = g(p=x, x);
  i = x |> g;
  k = g(w, x);
  y = g(q=x, p=x);
}
=== expect 1
model.sdl:5:7: error: the layer 'g' takes 2 inputs, here is 1
  a = g(x);
      ^
model.sdl:3:7: note: the layer is declared here
layer g(p: f32[n, 8], q: f32[n, 8]) -> y: f32[n, 8] { y = p + q; }
      ^
model.sdl:6:8: error: the layer 'g' takes 2 inputs, here are 3
  b1 = g(x, x, x);
       ^
model.sdl:3:7: note: the layer is declared here
layer g(p: f32[n, 8], q: f32[n, 8]) -> y: f32[n, 8] { y = p + q; }
      ^
model.sdl:7:12: error: the layer 'g' has no input 'r'
  c = g(x, r=x);
           ^
model.sdl:3:7: note: the layer is declared here
layer g(p: f32[n, 8], q: f32[n, 8]) -> y: f32[n, 8] { y = p + q; }
      ^
model.sdl:8:12: error: the input 'p' is given twice
  e = g(x, p=x);
           ^
model.sdl:8:9: note: first given here
  e = g(x, p=x);
        ^
model.sdl:9:14: error: an argument by position cannot follow one by name
  h = g(p=x, x);
             ^
model.sdl:10:12: error: the layer 'g' takes 2 inputs, here is 1
  i = x |> g;
           ^
model.sdl:3:7: note: the layer is declared here
layer g(p: f32[n, 8], q: f32[n, 8]) -> y: f32[n, 8] { y = p + q; }
      ^
model.sdl:11:12: error: the input 'q' of 'g' is f32[4,8] here, got f32[n,8]: on axis 0, n cannot be proved equal to 4
  k = g(w, x);
           ^
model.sdl:3:23: note: declared f32[n,8] here
layer g(p: f32[n, 8], q: f32[n, 8]) -> y: f32[n, 8] { y = p + q; }
                      ^
