# What the front end makes of a layer, as the command prints it.
spc --emit=graph input.sdl
=== input.sdl
dim batch;
weight w: f32[8, 16] sparse 2:4;
layer f(x: f32[batch, 16]) -> y: f32[batch, 8] { y = relu(linear(x, w)); }
=== expect 0
dim batch

graph @f {
  %0 = input "x" : f32[batch,16]
  %1 = weight "w" [tensor="w", pattern="2:4"] : f32[8,16]
  %2 = linear %0, %1 : f32[batch,8]
  %3 = relu %2
  output %3 "y"
}
