# a mask where a pattern is expected
spc-opt model.sdl
=== model.sdl
mask m = causal;
weight w: f32[4, 8] sparse m;
weight v: f32[4, 8] sparse causal;
weight u: f32[4, 8] sparse 3;
weight t: f32[4, 8] sparse 2:4 | rows;

layer f(x: f32[4]) -> y: f32[4] {
    y = x;
}
=== expect 1
model.sdl:2:28: error: 'm' is a mask; a pattern is expected here
weight w: f32[4, 8] sparse m;
                           ^
model.sdl:1:6: note: declared here
mask m = causal;
     ^
model.sdl:3:28: error: 'causal' is a mask; a pattern is expected here
weight v: f32[4, 8] sparse causal;
                           ^~~~~~
model.sdl:4:28: error: a pattern is expected here
weight u: f32[4, 8] sparse 3;
                           ^
model.sdl:5:32: error: a pattern is expected here; patterns know & only
weight t: f32[4, 8] sparse 2:4 | rows;
                               ^
model.sdl:2:8: warning: the weight 'w' is never used
weight w: f32[4, 8] sparse m;
       ^
model.sdl:3:8: warning: the weight 'v' is never used
weight v: f32[4, 8] sparse causal;
       ^
model.sdl:4:8: warning: the weight 'u' is never used
weight u: f32[4, 8] sparse 3;
       ^
model.sdl:5:8: warning: the weight 't' is never used
weight t: f32[4, 8] sparse 2:4 | rows;
       ^
