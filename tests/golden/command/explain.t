# What explain says of kernels that no model knows: nothing in it depends on how the planner is calibrated. Layers with
# products are compared in tests/cli/test_explain.py.
spc explain --backend=interp --cpu=x86-64-v3 --dim=batch=8 input.sdl
=== input.sdl
dim batch;
layer scale(x: f32[batch, 64]) -> y: f32[batch, 64] { y = relu(x) + x; }
layer fixed(x: f32[16]) -> y: f32[16] { y = exp(x); }
=== expect 0
layer scale
  summary: 1 kernel; times are the cost model's for one thread of x86-64-v3, not measured
    at                 as chosen   all dense    gain   by Amdahl's law
    batch=8                    -           -       -   no sparse kernel
    1 kernel without products, not modelled and left out of the times
  input  x: f32[batch,64]
  result y: f32[batch,64]
  scratch 0 bytes
          0 B of one thread at batch=8

  kernel scale.0: relu + add -> f32[batch,64]
    sparse    nothing: it multiplies by no weight
    gain      not predicted: the model knows products only
    plan      by the planner
      rows=all unroll=1 par=both
        one pass over the elements

layer fixed
  summary: 1 kernel; times are the cost model's for one thread of x86-64-v3, not measured
    at                 as chosen   all dense    gain   by Amdahl's law
    its size                   -           -       -   no sparse kernel
    1 kernel without products, not modelled and left out of the times
  input  x: f32[16]
  result y: f32[16]
  scratch 0 bytes

  kernel fixed.0: exp -> f32[16]
    sparse    nothing: it multiplies by no weight
    gain      not predicted: the model knows products only
    plan      by the planner
      rows=all unroll=1 par=both
        one pass over the elements
