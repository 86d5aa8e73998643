# what only the call can tell of contracts and quotients becomes a requirement, also of layers that are called
spc-opt model.sdl
=== model.sdl
dim seq = 16..4096 step 16;
dim n;
layer g(x: f32[seq]) -> y: f32[(seq / 32) * 32] { y = x; }
layer f(x: f32[n]) -> y: f32[n] { y = g(x); }
layer h(x: f32[4 * n]) -> y: f32[4 * n] { y = slice(g(x), axis=0, to=(n / 8) * 32); }
layer k(x: f32[64]) -> y: f32[64] { y = g(x); }
=== expect 0
dim seq 16..4096 step 16
dim n

graph @g {
  require [value="seq/32"]
  %0 = input "x" : f32[seq]
  output %0 "y"
}

graph @f {
  %0 = input "x" : f32[n]
  require [value="n", low=16, high=4096, step=16]
  require [value="n/32"]
  output %0 "y"
}

graph @h {
  require [value="n/8"]
  %0 = input "x" : f32[4*n]
  require [value="4*n", low=16, high=4096, step=16]
  require [value="n/8"]
  %1 = slice %0 [axis=0, from="0"] : f32[4*n]
  output %1 "y"
}

graph @k {
  %0 = input "x" : f32[64]
  output %0 "y"
}
