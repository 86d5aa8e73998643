# an unknown dtype with a suggestion
spc-opt model.sdl
=== model.sdl
weight w: f23[4];

layer f(x: f32[4]) -> y: f32[4] {
    y = x;
}
=== expect 1
model.sdl:1:11: error: 'f23' is not a dtype; did you mean 'f32'?
weight w: f23[4];
          ^~~
model.sdl:1:8: warning: the weight 'w' is never used
weight w: f23[4];
       ^
