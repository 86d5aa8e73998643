# What explain says without weights, of a plan that leaves nothing open.
spc explain --backend=interp --cpu=x86-64-v3 '--plan=@ffn.* store=csr tile=8xall rows=all unroll=1 lanes=batch par=cols pack=yes' input.sdl
=== input.sdl
dim batch;
weight w: f32[32, 64] sparse unstructured;
weight v: f32[16, 32];
layer ffn(x: f32[batch, 64]) -> y: f32[batch, 16] { y = linear(relu(linear(x, w)), v); }
=== expect 0
layer ffn
  summary: 2 kernels; times are the cost model's for one thread of x86-64-v3, not measured
    at                 as chosen   all dense    gain   by Amdahl's law
    batch=1              2.24 us     1.45 us   0.64x   51.4 % of it dense gets 0.70x as fast; never over 2.06x
    batch=32             4.98 us     3.42 us   0.69x   67.7 % of it dense gets 1.03x as fast; never over 3.10x
    batch=512            61.4 us     34.8 us   0.57x   77.9 % of it dense gets 0.99x as fast; never over 4.52x
    at batch=512:
      time     gain  density   stored as       weight  kernel
    55.6 %    0.23x  -         csr              dense  ffn.1
    44.4 %    0.99x  -         csr             sparse  ffn.0
    weights: 10.0 KB if dense; without data their packed size is not known
    sizes are examples; --dim gives the real ones
  input  x: f32[batch,64]
  result y: f32[batch,16]
  scratch 128*batch + max(1792*min(4*threads - 3, ceil(batch, 8)), max(0, 3328*min(4*threads - 3, ceil(batch, 8)))) + 64 bytes

  kernel ffn.0: linear + relu -> f32[batch,32]
    sparse    weight w, f32[32,64]: declared unstructured
    when      always: the zeros are fixed in the weight, whatever the input; data is checked against the pattern when it is bound
    not known no data is bound, so density, row lengths and bytes are missing; the planner counts on density 0.1, as there is no hint
    machine   x86-64-v3, 8 f32 lanes, 16 vector registers: exploits it with a sparse kernel at every size below; by the model dense were quicker at batch=1
    cost      as csr; 8.0 KB if dense
    gain      predicted
      at                 as chosen       dense    gain  pays below  bound by
      batch=1              1.06 us      743 ns   0.70x  0.07        copying and transposing panels of activations and results
      batch=32             2.25 us     2.32 us   1.03x  0.27        copying and transposing panels of activations and results
      batch=512            27.3 us     27.1 us   0.99x  0.24        copying and transposing panels of activations and results
    plan      by the user
      store=csr tile=8xall rows=all unroll=1 lanes=batch par=cols pack=yes
        compressed sparse rows; vector lanes run along the columns, 8 at a time, copied beforehand to panels
        not taken at batch=1, predicted:
              743 ns   -30 %  store=dense:32 tile=1xall rows=all unroll=4 lanes=rows par=both pack=no  (the best dense one)
              748 ns   -30 %  store=window:8:16x3 tile=1xall rows=all unroll=2 lanes=rows par=both pack=yes

  kernel ffn.1: linear -> f32[batch,16]
    sparse    weight v, f32[16,32]: nothing is declared sparse
    not known no data is bound
    cost      as csr; 2.0 KB if dense
    gain      predicted
      at                 as chosen       dense    gain  pays below  bound by
      batch=1              1.18 us      704 ns   0.60x  0.23        multiply-adds
      batch=32             2.73 us     1.11 us   0.41x  0.04        multiply-adds
      batch=512            34.1 us     7.70 us   0.23x  0.04        multiply-adds
    plan      by the user
      store=csr tile=8xall rows=all unroll=1 lanes=batch par=cols pack=yes
        compressed sparse rows; vector lanes run along the columns, 8 at a time, copied beforehand to panels
        not taken at batch=1, predicted:
              704 ns   -40 %  store=dense:16 tile=1xall rows=all unroll=4 lanes=rows par=both pack=no  (the best dense one)
              705 ns   -40 %  store=dense:32 tile=1xall rows=all unroll=4 lanes=rows par=both pack=no  (dense)
