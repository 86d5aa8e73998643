# an extent that does not divide with the dims of a call
spc-opt model.sdl
=== model.sdl
dim n;
layer g(x: f32[n]) -> y: f32[n / 4] { y = slice(x, axis=0, to=n / 4); }
layer f(x: f32[10]) -> y: f32[2] { y = g(x); }
=== expect 1
model.sdl:3:40: error: with the dims of this call, the extent n/4 overflows or does not divide
layer f(x: f32[10]) -> y: f32[2] { y = g(x); }
                                       ^
