# a program with warnings compiles
spc-opt model.sdl
=== model.sdl
dim n;
layer f(x: f32[4], z: f32[4]) -> y: f32[4] {
  a = relu(x);
  y = x;
}
=== expect 0
model.sdl:2:20: warning: the input 'z' is never used
layer f(x: f32[4], z: f32[4]) -> y: f32[4] {
                   ^
model.sdl:3:3: warning: the name 'a' is never used
  a = relu(x);
  ^
model.sdl:1:5: warning: the dim 'n' is never used
dim n;
    ^
dim n

graph @f {
  %0 = input "x" : f32[4]
  %1 = input "z" : f32[4]
  %2 = relu %0
  output %0 "y"
}
