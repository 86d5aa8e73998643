# clauses of weights: repeated, unknown, of the wrong form
spc-opt model.sdl
=== model.sdl
weight w: f32[4, 8] sparse rows sparse columns;
weight v: f32[4, 8] from "a" from "b";
weight u: f32[4, 8] sprase rows;
weight t: f32[4, 8] from rows;
weight s: f32[4, 8] sparse "rows";

layer f(x: f32[4]) -> y: f32[4] {
    y = x;
}
=== expect 1
model.sdl:1:33: error: a weight has one 'sparse' clause only
weight w: f32[4, 8] sparse rows sparse columns;
                                ^~~~~~
model.sdl:1:21: note: the first one is here
weight w: f32[4, 8] sparse rows sparse columns;
                    ^~~~~~
model.sdl:2:30: error: a weight has one 'from' clause only
weight v: f32[4, 8] from "a" from "b";
                             ^~~~
model.sdl:2:21: note: the first one is here
weight v: f32[4, 8] from "a" from "b";
                    ^~~~
model.sdl:3:21: error: expected sparse, scale, from or ';' but found 'sprase'; did you mean 'sparse'?
weight u: f32[4, 8] sprase rows;
                    ^~~~~~
model.sdl:4:26: error: a tensor's name in double quotes is expected here: from "fc1.weight"
weight t: f32[4, 8] from rows;
                         ^~~~
model.sdl:5:28: error: a pattern is expected here, not a string
weight s: f32[4, 8] sparse "rows";
                           ^~~~~~
model.sdl:1:8: warning: the weight 'w' is never used
weight w: f32[4, 8] sparse rows sparse columns;
       ^
model.sdl:2:8: warning: the weight 'v' is never used
weight v: f32[4, 8] from "a" from "b";
       ^
model.sdl:3:8: warning: the weight 'u' is never used
weight u: f32[4, 8] sprase rows;
       ^
model.sdl:4:8: warning: the weight 't' is never used
weight t: f32[4, 8] from rows;
       ^
model.sdl:5:8: warning: the weight 's' is never used
weight s: f32[4, 8] sparse "rows";
       ^
