# N:M patterns
spc-opt model.sdl
=== model.sdl
weight w: f32[4, 8] sparse 4:4;
weight v: f32[4, 8] sparse 0:4;
weight u: f32[4, 8] sparse 5:4;
weight t: f32[4, 10] sparse 2:4;

layer f(x: f32[4]) -> y: f32[4] {
    y = x;
}
=== expect 1
model.sdl:1:28: error: 4:4 is not a pattern: N:M means at most N non-zeros of M, with 0 < N < M
weight w: f32[4, 8] sparse 4:4;
                           ^~~
model.sdl:2:28: error: 0:4 is not a pattern: N:M means at most N non-zeros of M, with 0 < N < M
weight v: f32[4, 8] sparse 0:4;
                           ^~~
model.sdl:3:28: error: 5:4 is not a pattern: N:M means at most N non-zeros of M, with 0 < N < M
weight u: f32[4, 8] sparse 5:4;
                           ^~~
model.sdl:4:29: error: the group of 4 does not divide the last axis of the weight, 10
weight t: f32[4, 10] sparse 2:4;
                            ^~~
model.sdl:1:8: warning: the weight 'w' is never used
weight w: f32[4, 8] sparse 4:4;
       ^
model.sdl:2:8: warning: the weight 'v' is never used
weight v: f32[4, 8] sparse 0:4;
       ^
model.sdl:3:8: warning: the weight 'u' is never used
weight u: f32[4, 8] sparse 5:4;
       ^
model.sdl:4:8: warning: the weight 't' is never used
weight t: f32[4, 10] sparse 2:4;
       ^
