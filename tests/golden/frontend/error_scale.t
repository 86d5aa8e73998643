# scales of weights
spc-opt model.sdl
=== model.sdl
weight w: i8[4, 8];
weight v: i4[4, 8] sparse 2:4;
weight u: f32[4, 8] scale row;
weight t: i8[4, 8] scale group(3);
weight s: i8[4, 8] scale rows;
weight r: i8[4, 8] scale group;
weight q: i8[8] scale group(2);
weight p: i8[] scale row;
weight o: i8[4,8] scale group(0);

layer f(x: f32[4]) -> y: f32[4] {
    y = x;
}
=== expect 1
model.sdl:1:11: error: an i8 weight needs its scale: scale row, scale tensor or scale group(g)
weight w: i8[4, 8];
          ^~
model.sdl:2:11: error: an i4 weight needs its scale: scale row, scale tensor or scale group(g)
weight v: i4[4, 8] sparse 2:4;
          ^~
model.sdl:3:21: error: a scale is for i8 and i4 weights, not for f32
weight u: f32[4, 8] scale row;
                    ^~~~~
model.sdl:4:32: error: a group of 3 does not divide the last axis of the weight, 8
weight t: i8[4, 8] scale group(3);
                               ^
model.sdl:5:26: error: a scale is row, tensor or group(g)
weight s: i8[4, 8] scale rows;
                         ^~~~
model.sdl:6:26: error: a scale is row, tensor or group(g)
weight r: i8[4, 8] scale group;
                         ^~~~~
model.sdl:7:23: error: scale group(...) is for weights [out, in], this one is i8[8]
weight q: i8[8] scale group(2);
                      ^~~~~
model.sdl:8:22: error: a scalar has no rows; use scale tensor
weight p: i8[] scale row;
                     ^~~
model.sdl:9:31: error: a group is at least 1
weight o: i8[4,8] scale group(0);
                              ^
model.sdl:1:8: warning: the weight 'w' is never used
weight w: i8[4, 8];
       ^
model.sdl:2:8: warning: the weight 'v' is never used
weight v: i4[4, 8] sparse 2:4;
       ^
model.sdl:3:8: warning: the weight 'u' is never used
weight u: f32[4, 8] scale row;
       ^
model.sdl:4:8: warning: the weight 't' is never used
weight t: i8[4, 8] scale group(3);
       ^
model.sdl:5:8: warning: the weight 's' is never used
weight s: i8[4, 8] scale rows;
       ^
model.sdl:6:8: warning: the weight 'r' is never used
weight r: i8[4, 8] scale group;
       ^
model.sdl:7:8: warning: the weight 'q' is never used
weight q: i8[8] scale group(2);
       ^
model.sdl:8:8: warning: the weight 'p' is never used
weight p: i8[] scale row;
       ^
model.sdl:9:8: warning: the weight 'o' is never used
weight o: i8[4,8] scale group(0);
       ^
