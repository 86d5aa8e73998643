# contracts of dims at calls: kept and broken; what only the call can tell is no error
spc-opt model.sdl
=== model.sdl
dim seq = 16..4096 step 16;
dim k = 16..64 step 16;
dim n;
layer g(x: f32[seq]) -> y: f32[seq] { y = x; }
layer f(a: f32[8], b: f32[24], c: f32[32], e: f32[n], h: f32[k]) -> y: f32[4] {
  a1 = g(a);
  b1 = g(b);
  c1 = g(c);
  e1 = g(e);
  h1 = g(h);
  y = a1 + b1 + c1 + e1 + h1;
}
=== expect 1
model.sdl:6:10: error: the dim 'seq' would be 8, outside its contract 16..4096 step 16
  a1 = g(a);
         ^
model.sdl:1:5: note: declared here
dim seq = 16..4096 step 16;
    ^~~
model.sdl:7:10: error: the dim 'seq' would be 24, outside its contract 16..4096 step 16
  b1 = g(b);
         ^
model.sdl:1:5: note: declared here
dim seq = 16..4096 step 16;
    ^~~
