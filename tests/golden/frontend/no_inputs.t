# a layer without inputs, a comment at the end without a newline
spc-opt model.sdl
=== model.sdl
weight w: f32[4];
layer f() -> y: f32[4] { y = exp(w); } # done
=== expect 0
graph @f {
  %0 = weight "w" [tensor="w"] : f32[4]
  %1 = exp %0
  output %1 "y"
}
