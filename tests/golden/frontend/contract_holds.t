# contracts that follow from those of the caller
spc-opt model.sdl
=== model.sdl
dim s = 16..4096 step 16;
dim k = 8..2048 step 8;
layer g(x: f32[s]) -> y: f32[s] { y = relu(x); }
layer f(x: f32[2 * k], z: f32[64], v: f32[s]) -> (a: f32[2 * k], b: f32[64], c: f32[s]) {
  a = g(x);
  b = g(z);
  c = g(v);
}
=== expect 0
dim s 16..4096 step 16
dim k 8..2048 step 8

graph @g {
  %0 = input "x" : f32[s]
  %1 = relu %0
  output %1 "y"
}

graph @f {
  %0 = input "x" : f32[2*k]
  %1 = input "z" : f32[64]
  %2 = input "v" : f32[s]
  %3 = relu %0
  %4 = relu %1
  %5 = relu %2
  output %3 "a"
  output %4 "b"
  output %5 "c"
}
