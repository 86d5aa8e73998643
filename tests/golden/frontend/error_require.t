# a requirement of a called layer that the dims of a call break
spc-opt model.sdl
=== model.sdl
dim seq = 16..4096 step 16;
dim n;
layer g(x: f32[seq]) -> y: f32[(seq / 32) * 32] { y = x; }
layer h(x: f32[n]) -> y: f32[n] { y = g(x); }
layer k(x: f32[48]) -> y: f32[48] { y = h(x); }
=== expect 1
model.sdl:5:41: error: with the dims of this call, n/32 of 'h' overflows, does not divide or breaks a contract
layer k(x: f32[48]) -> y: f32[48] { y = h(x); }
                                        ^
model.sdl:3:37: note: which is needed here
layer g(x: f32[seq]) -> y: f32[(seq / 32) * 32] { y = x; }
                                    ^
