# the density of unstructured is a share
spc-opt model.sdl
=== model.sdl
weight w: f32[4, 8] sparse unstructured(density=0);
weight v: f32[4, 8] sparse unstructured(density=1.5);
weight u: f32[4, 8] sparse unstructured(density=1);
weight t: f32[4, 8] sparse unstructured(0.5);

layer f(x: f32[4]) -> y: f32[4] {
    y = x;
}
=== expect 1
model.sdl:1:49: error: unstructured: the density is 0; it is over 0 and at most 1
weight w: f32[4, 8] sparse unstructured(density=0);
                                                ^
model.sdl:2:49: error: unstructured: the density is 1.5; it is over 0 and at most 1
weight v: f32[4, 8] sparse unstructured(density=1.5);
                                                ^~~
model.sdl:4:41: error: too many arguments by position: it is unstructured(density=0); those with '=' are given by name
weight t: f32[4, 8] sparse unstructured(0.5);
                                        ^~~
model.sdl:1:8: warning: the weight 'w' is never used
weight w: f32[4, 8] sparse unstructured(density=0);
       ^
model.sdl:2:8: warning: the weight 'v' is never used
weight v: f32[4, 8] sparse unstructured(density=1.5);
       ^
model.sdl:3:8: warning: the weight 'u' is never used
weight u: f32[4, 8] sparse unstructured(density=1);
       ^
model.sdl:4:8: warning: the weight 't' is never used
weight t: f32[4, 8] sparse unstructured(0.5);
       ^
