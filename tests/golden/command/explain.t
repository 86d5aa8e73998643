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
    batch=1              1.83 us      256 ns   0.14x   60.7 % of it dense gets 0.20x as fast; never over 2.55x
    batch=32             7.01 us     2.24 us   0.32x   77.0 % of it dense gets 0.57x as fast; never over 4.35x
    batch=512             113 us     34.4 us   0.30x   78.2 % of it dense gets 0.54x as fast; never over 4.58x
    at batch=512:
      time     gain  density   stored as       weight  kernel
    56.3 %    0.12x  -         csr              dense  ffn.1
    43.7 %    0.54x  -         csr             sparse  ffn.0
    weights: 10.0 KB if dense; without data their packed size is not known
    sizes are examples; --dim gives the real ones
  input  x: f32[batch,64]
  result y: f32[batch,16]
  scratch 128*batch + max(1792*min(4*threads - 3, ceil(batch, 8)), max(0, 3328*min(4*threads - 3, ceil(batch, 8)))) + 64 bytes

  kernel ffn.0: linear + relu -> f32[batch,32]
    sparse    weight w, f32[32,64]: declared unstructured
    when      always: the zeros are fixed in the weight, whatever the input; data is checked against the pattern when it is bound
    not known no data is bound, so density, row lengths and bytes are missing; the planner counts on density 0.1, as there is no hint
    machine   x86-64-v3, 8 f32 lanes, 16 vector registers: exploits it with a sparse kernel at every size below; by the model dense were quicker at batch=1, batch=32, batch=512
    cost      as csr; 8.0 KB if dense
    gain      predicted
      at                 as chosen       dense    gain  pays below  bound by
      batch=1               796 ns      156 ns   0.20x  no density  starts of loops, mispredicted ends of rows, sums that wait between tiles
      batch=32             3.04 us     1.73 us   0.57x  0.34        starts of loops, mispredicted ends of rows, sums that wait between tiles
      batch=512            49.4 us     26.9 us   0.54x  0.30        starts of loops, mispredicted ends of rows, sums that wait between tiles
    plan      by the user
      store=csr tile=8xall rows=all unroll=1 lanes=batch par=cols pack=yes
        compressed sparse rows; vector lanes run along the columns, 8 at a time, copied beforehand to panels
        not taken at batch=1, predicted:
              156 ns   -80 %  store=dense:32 tile=1xall rows=all unroll=4 lanes=rows par=both pack=no  (the best dense one)
              246 ns   -69 %  store=dense:16 tile=1xall rows=all unroll=4 lanes=rows par=both pack=no  (dense)

  kernel ffn.1: linear -> f32[batch,16]
    sparse    weight v, f32[16,32]: nothing is declared sparse
    not known no data is bound
    cost      as csr; 2.0 KB if dense
    gain      predicted
      at                 as chosen       dense    gain  pays below  bound by
      batch=1              1.03 us      101 ns   0.10x  no density  multiply-adds
      batch=32             3.97 us      516 ns   0.13x  0.08        multiply-adds
      batch=512            63.6 us     7.51 us   0.12x  no density  multiply-adds
    plan      by the user
      store=csr tile=8xall rows=all unroll=1 lanes=batch par=cols pack=yes
        compressed sparse rows; vector lanes run along the columns, 8 at a time, copied beforehand to panels
        not taken at batch=1, predicted:
              101 ns   -90 %  store=dense:16 tile=1xall rows=all unroll=4 lanes=rows par=both pack=no  (the best dense one)
              104 ns   -90 %  store=dense:32 tile=1xall rows=all unroll=4 lanes=rows par=both pack=no  (dense)
