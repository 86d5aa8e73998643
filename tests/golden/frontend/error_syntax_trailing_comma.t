# no trailing comma in arguments
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  y = linear(x, w,);
}
=== expect 1
model.sdl:4:19: error: expected an expression but found ')'
  y = linear(x, w,);
                  ^
