# no trailing comma in lists
spc-opt model.sdl
=== model.sdl
dim n;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  y = reshape(x, [n, 4,]);
}
=== expect 1
model.sdl:3:24: error: expected an expression but found ']'
  y = reshape(x, [n, 4,]);
                       ^
