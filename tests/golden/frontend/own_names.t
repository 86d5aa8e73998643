# a file's own names win over built-in ones; words like scale and row are plain names
spc-opt model.sdl
=== model.sdl
const row = 4, f32 = 2, same = 1;
weight relu: f32[4];
weight scale: f32[row];
pattern rows = 2:4;
weight step: f32[4, 4] sparse rows;
layer gelu(x: f32[row]) -> from: f32[4] { from = x |> linear(step); }
layer f(x: f32[4]) -> y: f32[4] {
  linear = gelu(relu(x));
  y = linear + relu * same + cast(scale |> linear(step), f32) * f32;
}
=== expect 0
graph @gelu {
  %0 = input "x" : f32[4]
  %1 = weight "step" [tensor="step", pattern="2:4"] : f32[4,4]
  %2 = linear %0, %1 : f32[4]
  output %2 "from"
}

graph @f {
  %0 = input "x" : f32[4]
  %1 = relu %0
  %2 = weight "step" [tensor="step", pattern="2:4"] : f32[4,4]
  %3 = linear %1, %2 : f32[4]
  %4 = weight "relu" [tensor="relu"] : f32[4]
  %5 = const 1.0 : f32[]
  %6 = mul %4, %5 : f32[4]
  %7 = add %3, %6 : f32[4]
  %8 = weight "scale" [tensor="scale"] : f32[4]
  %9 = linear %8, %2 : f32[4]
  %10 = cast %9 : f32[4]
  %11 = const 2.0 : f32[]
  %12 = mul %10, %11 : f32[4]
  %13 = add %7, %12 : f32[4]
  output %13 "y"
}
