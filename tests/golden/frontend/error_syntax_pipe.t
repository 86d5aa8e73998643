# right of |> stands a callee only
spc-opt model.sdl
=== model.sdl
dim n;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  y = x |> relu + 1;
}
=== expect 1
model.sdl:3:17: error: expected ';', '(' or an operator but found '+'
  y = x |> relu + 1;
                ^
