# Errors of a program: place, line, caret; exit status 1 and nothing written.
spc input.sdl -o k.so
=== input.sdl
dim batch;
weight w: f32[8, 16] sparse 4:4;
layer f(x: f32[batch, 16]) -> y: f32[batch, 8] { y = relu(linear(x, v)); }
=== expect 1
input.sdl:2:29: error: 4:4 is not a pattern: N:M means at most N non-zeros of M, with 0 < N < M
weight w: f32[8, 16] sparse 4:4;
                            ^~~
input.sdl:3:69: error: 'v' is not defined
layer f(x: f32[batch, 16]) -> y: f32[batch, 8] { y = relu(linear(x, v)); }
                                                                    ^
input.sdl:2:8: warning: the weight 'w' is never used
weight w: f32[8, 16] sparse 4:4;
       ^
