# consts and products of extents that overflow
spc-opt model.sdl
=== model.sdl
const a = 9223372036854775807 + 1;
const b = 3037000500 * 3037000500;
const c = 1e300 * 1e300;
dim n;
layer f(x: f32[4294967296, 4294967296], z: f32[n, 9223372036854775807 * n]) -> y: f32[4] { y = relu(x); }
=== expect 1
model.sdl:1:31: error: this integer overflows 63 bits
const a = 9223372036854775807 + 1;
                              ^
model.sdl:2:22: error: this integer overflows 63 bits
const b = 3037000500 * 3037000500;
                     ^
model.sdl:3:17: error: this number overflows f64
const c = 1e300 * 1e300;
                ^
model.sdl:5:12: error: the product of these extents is over 2^63 bytes
layer f(x: f32[4294967296, 4294967296], z: f32[n, 9223372036854775807 * n]) -> y: f32[4] { y = relu(x); }
           ^~~~~~~~~~~~~~~~~~~~~~~~~~~
model.sdl:5:44: error: the product of these extents is over 2^63 bytes
layer f(x: f32[4294967296, 4294967296], z: f32[n, 9223372036854775807 * n]) -> y: f32[4] { y = relu(x); }
                                           ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
model.sdl:1:7: warning: the const 'a' is never used
const a = 9223372036854775807 + 1;
      ^
model.sdl:2:7: warning: the const 'b' is never used
const b = 3037000500 * 3037000500;
      ^
model.sdl:3:7: warning: the const 'c' is never used
const c = 1e300 * 1e300;
      ^
