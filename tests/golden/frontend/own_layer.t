# a layer hides operations only; patterns and masks of its name stay
spc-opt model.sdl
=== model.sdl
pattern p = block(2, 2);
layer block(x: f32[4]) -> y: f32[4] { y = x; }
layer relu(x: f32[4]) -> y: f32[4] { y = exp(x); }
weight w: f32[4, 4] sparse p & block(4, 1);
layer f(x: f32[4]) -> y: f32[4] { y = relu(block(linear(x, w))); }
=== expect 0
graph @block {
  %0 = input "x" : f32[4]
  output %0 "y"
}

graph @relu {
  %0 = input "x" : f32[4]
  %1 = exp %0
  output %1 "y"
}

graph @f {
  %0 = input "x" : f32[4]
  %1 = weight "w" [tensor="w", pattern="block(2, 2) & block(4, 1)"] : f32[4,4]
  %2 = linear %0, %1 : f32[4]
  %3 = exp %2
  output %3 "y"
}
