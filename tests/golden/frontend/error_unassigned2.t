# results that are never assigned
spc-opt model.sdl
=== model.sdl
dim n;
layer f(x: f32[n, 8]) -> (y: f32[n, 8], z: f32[n, 8]) {
  a = relu(x);
}
=== expect 1
model.sdl:2:27: error: the result 'y' is never assigned
layer f(x: f32[n, 8]) -> (y: f32[n, 8], z: f32[n, 8]) {
                          ^
model.sdl:2:41: error: the result 'z' is never assigned
layer f(x: f32[n, 8]) -> (y: f32[n, 8], z: f32[n, 8]) {
                                        ^
model.sdl:3:3: warning: the name 'a' is never used
  a = relu(x);
  ^
