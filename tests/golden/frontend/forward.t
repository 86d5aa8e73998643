# items may be used before they are declared
spc-opt model.sdl
=== model.sdl
layer f(x: f32[a]) -> y: f32[a] { y = g(x) + w; }
weight w: f32[a] sparse p;
pattern p = q;
pattern q = unstructured;
layer g(x: f32[a]) -> y: f32[a] { y = x * b; }
const a = b * 2, b = 4;
=== expect 0
graph @f {
  %0 = input "x" : f32[8]
  %1 = const 4.0 : f32[]
  %2 = mul %0, %1 : f32[8]
  %3 = weight "w" [tensor="w", pattern="unstructured"] : f32[8]
  %4 = add %2, %3 : f32[8]
  output %4 "y"
}

graph @g {
  %0 = input "x" : f32[8]
  %1 = const 4.0 : f32[]
  %2 = mul %0, %1 : f32[8]
  output %2 "y"
}
