# unknown patterns with suggestions
spc-opt model.sdl
=== model.sdl
weight w: f32[4, 8] sparse blok(2, 2);
weight v: f32[4, 8] sparse 2:4 & prund;

layer f(x: f32[4]) -> y: f32[4] {
    y = x;
}
=== expect 1
model.sdl:1:28: error: there is no pattern 'blok'; did you mean 'block'?
weight w: f32[4, 8] sparse blok(2, 2);
                           ^~~~
model.sdl:2:34: error: there is no pattern 'prund'; there are dense, unstructured, N:M, block(r, c), rows, columns, band(lo, hi) and what 'pattern' items name
weight v: f32[4, 8] sparse 2:4 & prund;
                                 ^~~~~
model.sdl:1:8: warning: the weight 'w' is never used
weight w: f32[4, 8] sparse blok(2, 2);
       ^
model.sdl:2:8: warning: the weight 'v' is never used
weight v: f32[4, 8] sparse 2:4 & prund;
       ^
