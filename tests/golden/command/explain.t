# What explain says without weights, of a plan that leaves nothing open.
spc explain --backend=interp --cpu=x86-64-v3 '--plan=@ffn.* store=csr tile=8xall rows=all unroll=1 lanes=batch par=cols pack=yes' input.sdl
=== input.sdl
dim batch;
weight w: f32[32, 64] sparse unstructured;
weight v: f32[16, 32];
layer ffn(x: f32[batch, 64]) -> y: f32[batch, 16] { y = linear(relu(linear(x, w)), v); }
=== expect 0
layer ffn
  input  x: f32[batch,64]
  result y: f32[batch,16]
  scratch 128*batch + max(1792*min(4*threads - 3, ceil(batch, 8)), max(0, 3328*min(4*threads - 3, ceil(batch, 8)))) + 64 bytes

  kernel ffn.0: linear + relu -> f32[batch,32]
    weight w: f32[32,64], unstructured
      non-zero    not known: no data is bound, so density and row histogram are missing;
                  the planner counts on density 0.1, as there is no hint
      storage     csr
    plan (user)
      store=csr tile=8xall rows=all unroll=1 lanes=batch par=cols pack=yes

  kernel ffn.1: linear -> f32[batch,16]
    weight v: f32[16,32], dense
      non-zero    not known: no data is bound
      storage     csr
    plan (user)
      store=csr tile=8xall rows=all unroll=1 lanes=batch par=cols pack=yes
