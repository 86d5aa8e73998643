# unused names are warnings
spc-opt model.sdl
=== model.sdl
dim n; const d = 3;
pattern p = rows;
mask m = causal;
weight w: f32[4];
layer f(x: f32[4], z: f32[4]) -> y: f32[4] {
  a = relu(x);
  y = x;
}
=== expect 0
model.sdl:5:20: warning: the input 'z' is never used
layer f(x: f32[4], z: f32[4]) -> y: f32[4] {
                   ^
model.sdl:6:3: warning: the name 'a' is never used
  a = relu(x);
  ^
model.sdl:1:5: warning: the dim 'n' is never used
dim n; const d = 3;
    ^
model.sdl:1:14: warning: the const 'd' is never used
dim n; const d = 3;
             ^
model.sdl:2:9: warning: the pattern 'p' is never used
pattern p = rows;
        ^
model.sdl:3:6: warning: the mask 'm' is never used
mask m = causal;
     ^
model.sdl:4:8: warning: the weight 'w' is never used
weight w: f32[4];
       ^
dim n

graph @f {
  %0 = input "x" : f32[4]
  %1 = input "z" : f32[4]
  %2 = relu %0
  output %0 "y"
}
