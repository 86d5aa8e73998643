# extents as declared
spc-opt model.sdl
=== model.sdl
const z = 0;
layer f(x: f32[z], a: f32[-3], b: f32[2.0], c: f32[true], e: i4[4], g: f32[1,1,1,1,1,1,1,1,1]) -> y: f32[4] { y = x + a + b + c + e + g; }
=== expect 1
model.sdl:2:16: error: the extent is 0; a constant extent is at least 1
layer f(x: f32[z], a: f32[-3], b: f32[2.0], c: f32[true], e: i4[4], g: f32[1,1,1,1,1,1,1,1,1]) -> y: f32[4] { y = x + a ...
               ^
model.sdl:2:27: error: the extent is -3; a constant extent is at least 1
layer f(x: f32[z], a: f32[-3], b: f32[2.0], c: f32[true], e: i4[4], g: f32[1,1,1,1,1,1,1,1,1]) -> y: f32[4] { y = x + a ...
                          ^
model.sdl:2:39: error: an extent is an integer, this is a number
layer f(x: f32[z], a: f32[-3], b: f32[2.0], c: f32[true], e: i4[4], g: f32[1,1,1,1,1,1,1,1,1]) -> y: f32[4] { y = x + a ...
                                      ^~~
model.sdl:2:52: error: an extent is an integer, this is a truth value
layer f(x: f32[z], a: f32[-3], b: f32[2.0], c: f32[true], e: i4[4], g: f32[1,1,1,1,1,1,1,1,1]) -> y: f32[4] { y = x + a ...
                                                   ^~~~
model.sdl:2:62: error: i4 is for weights only; use i8
...ayer f(x: f32[z], a: f32[-3], b: f32[2.0], c: f32[true], e: i4[4], g: f32[1,1,1,1,1,1,1,1,1]) -> y: f32[4] { y = x + a +...
                                                               ^~
model.sdl:2:92: error: a tensor has at most 8 axes
... a: f32[-3], b: f32[2.0], c: f32[true], e: i4[4], g: f32[1,1,1,1,1,1,1,1,1]) -> y: f32[4] { y = x + a + b + c + e + g; }
                                                                            ^
