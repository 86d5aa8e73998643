# undefined callees with suggestions
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  y = liner(x, w) |> rellu;
}
=== expect 1
model.sdl:4:7: error: 'liner' is neither a layer nor an operation; did you mean 'linear'?
  y = liner(x, w) |> rellu;
      ^~~~~
model.sdl:4:22: error: 'rellu' is neither a layer nor an operation; did you mean 'relu'?
  y = liner(x, w) |> rellu;
                     ^~~~~
