# masks as arguments
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8], t: i32[n, 4]) -> y: f32[n, 4] {
  c = attention(x, x, x, mask=rows);
  e = attention(x, x, x, mask=blocks(t));
  g = attention(x, x, x, mask=blocks(x));
  y = linear(x, w);
}
=== expect 1
model.sdl:4:31: error: 'rows' is a pattern; a mask is expected here
  c = attention(x, x, x, mask=rows);
                              ^~~~
model.sdl:6:38: error: blocks: t is i32[query blocks, k], got f32[n,8]
  g = attention(x, x, x, mask=blocks(x));
                                     ^
model.sdl:5:7: error: 'attention' is not supported yet
  e = attention(x, x, x, mask=blocks(t));
      ^~~~~~~~~
