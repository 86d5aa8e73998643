# what is right but not built yet is reported after everything else
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  a = softmax(x);
  c = attention(x, x, x, mask=causal & window(3, 4));
  e = topk(a, 4);
  y = linear(a, w) * n;
}
=== expect 1
model.sdl:5:7: error: 'attention' is not supported yet
  c = attention(x, x, x, mask=causal & window(3, 4));
      ^~~~~~~~~
model.sdl:6:7: error: 'topk' is not supported yet
  e = topk(a, 4);
      ^~~~
