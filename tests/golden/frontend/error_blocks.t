# block, band and rank restrictions of patterns
spc-opt model.sdl
=== model.sdl
weight w: f32[4, 8] sparse block(3, 4);
weight v: f32[4, 8] sparse block(4, 3);
weight u: f32[4, 8] sparse block(0, 1);
weight t: f32[4] sparse block(2, 2);
weight s: f32[4, 8] sparse block(4);
weight r: f32[4, 8] sparse band(3, 1);
weight q: f32[4,8] sparse rows(3);

layer f(x: f32[4]) -> y: f32[4] {
    y = x;
}
=== expect 1
model.sdl:1:28: error: a block of 3 does not divide the first axis of the weight, 4
weight w: f32[4, 8] sparse block(3, 4);
                           ^~~~~
model.sdl:2:28: error: a block of 3 does not divide the last axis of the weight, 8
weight v: f32[4, 8] sparse block(4, 3);
                           ^~~~~
model.sdl:3:34: error: block: 0 x 1 is no block; both sides are at least 1
weight u: f32[4, 8] sparse block(0, 1);
                                 ^
model.sdl:4:25: error: this pattern is for weights of 2 or 4 axes; f32[4] takes dense or unstructured
weight t: f32[4] sparse block(2, 2);
                        ^~~~~
model.sdl:5:28: error: 'block' needs the argument 'c': it is block(r, c)
weight s: f32[4, 8] sparse block(4);
                           ^~~~~
model.sdl:6:33: error: band: the band 3 to 1 is empty
weight r: f32[4, 8] sparse band(3, 1);
                                ^
model.sdl:7:32: error: too many arguments by position: it is rows()
weight q: f32[4,8] sparse rows(3);
                               ^
model.sdl:1:8: warning: the weight 'w' is never used
weight w: f32[4, 8] sparse block(3, 4);
       ^
model.sdl:2:8: warning: the weight 'v' is never used
weight v: f32[4, 8] sparse block(4, 3);
       ^
model.sdl:3:8: warning: the weight 'u' is never used
weight u: f32[4, 8] sparse block(0, 1);
       ^
model.sdl:4:8: warning: the weight 't' is never used
weight t: f32[4] sparse block(2, 2);
       ^
model.sdl:5:8: warning: the weight 's' is never used
weight s: f32[4, 8] sparse block(4);
       ^
model.sdl:6:8: warning: the weight 'r' is never used
weight r: f32[4, 8] sparse band(3, 1);
       ^
model.sdl:7:8: warning: the weight 'q' is never used
weight q: f32[4,8] sparse rows(3);
       ^
