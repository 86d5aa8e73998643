# divisions of integers come out exact
spc-opt model.sdl
=== model.sdl
const a = 7 / 2;
const b = 1 / 8;
const c = 1 / 0;
const e = 1.0 / 8;
const g = 1.0 / 0;
dim n;
const d = 512;
layer f(x: f32[n, d / 3], z: f32[(2 * n + 1) / 2]) -> y: f32[n, d / 4] { y = x; }
=== expect 1
model.sdl:1:13: error: 7 / 2 does not come out exact; write 7.0 / 2 for a fraction
const a = 7 / 2;
            ^
model.sdl:2:13: error: 1 / 8 does not come out exact; write 1.0 / 8 for a fraction
const b = 1 / 8;
            ^
model.sdl:3:13: error: division by zero
const c = 1 / 0;
            ^
model.sdl:5:15: error: division by zero
const g = 1.0 / 0;
              ^
model.sdl:8:21: error: 512 / 3 does not come out exact; write 512.0 / 3 for a fraction
layer f(x: f32[n, d / 3], z: f32[(2 * n + 1) / 2]) -> y: f32[n, d / 4] { y = x; }
                    ^
model.sdl:8:46: error: (2*n + 1) / (2) cannot come out exact
layer f(x: f32[n, d / 3], z: f32[(2 * n + 1) / 2]) -> y: f32[n, d / 4] { y = x; }
                                             ^
model.sdl:1:7: warning: the const 'a' is never used
const a = 7 / 2;
      ^
model.sdl:2:7: warning: the const 'b' is never used
const b = 1 / 8;
      ^
model.sdl:3:7: warning: the const 'c' is never used
const c = 1 / 0;
      ^
model.sdl:4:7: warning: the const 'e' is never used
const e = 1.0 / 8;
      ^
model.sdl:5:7: warning: the const 'g' is never used
const g = 1.0 / 0;
      ^
