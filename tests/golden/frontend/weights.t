# weights carry their tensor name, canonical pattern and place; other float dtypes may meet x in linear and matmul
spc-opt model.sdl
=== model.sdl
pattern p = unstructured(density=0.1);
weight a: f16[4, 8] sparse p from "model.\"a\"";
weight b: bf16[4] from "b\\";
weight c: f64[4, 6] sparse band(-1, 1) & rows;
weight e: f32[2, 3, 3, 4] sparse block(2, 4) & 1:4;
layer f(x: f32[3, 8]) -> (y: f32[3, 6], z: f32[2, 3, 3, 4]) {
  y = linear(x, a, b) |> matmul(c);
  z = relu(e);
}
=== expect 0
graph @f {
  %0 = input "x" : f32[3,8]
  %1 = weight "a" [tensor="model.\"a\"", pattern="unstructured(density=0.1)"] : f16[4,8]
  %2 = weight "b" [tensor="b\\"] : bf16[4]
  %3 = linear %0, %1, %2 : f32[3,4]
  %4 = weight "c" [tensor="c", pattern="band(-1, 1) & rows"] : f64[4,6]
  %5 = matmul %3, %4 : f32[3,6]
  %6 = weight "e" [tensor="e", pattern="block(2, 4) & 1:4"] : f32[2,3,3,4]
  %7 = relu %6
  output %5 "y"
  output %7 "z"
}
