# the example of the language reference
spc-opt model.sdl
=== model.sdl
# Comments run to the end of the line.

dim batch;                               # an extent the host gives at each call (0 is allowed)
dim seq = 16..4096 step 16;              # the same with a contract, checked at the call
const d = 512, h = 4 * d;                # known at compile time

pattern pruned = unstructured;           # name a pattern once, use it often
pattern audio  = block(8, 4);
mask    local  = causal & window(256, 0) | global(4);

weight w1: f32[h, d] sparse pruned;      # bound by name from a weights file, or by the host
weight b1: f32[h];
weight w2: f32[d, h] sparse 2:4 from "fc2.weight";
weight wq: i8[h, d] sparse audio scale row;        # int8, one f32 scale per output row: tensor "wq.scale"

layer ffn(x: f32[batch, d]) -> y: f32[batch, d] {
    a = gelu(linear(x, w1, b1));
    y = x + linear(a, w2);
}

layer net(x: f32[batch, d]) -> y: f32[batch, d] {  # layers call layers; calls are inlined and fused
    y = x |> ffn |> relu |> ffn;                   # x |> f(a) is f(x, a)
}
=== expect 0
model.sdl:4:5: warning: the dim 'seq' is never used
dim seq = 16..4096 step 16;              # the same with a contract, checked at the call
    ^~~
model.sdl:9:9: warning: the mask 'local' is never used
mask    local  = causal & window(256, 0) | global(4);
        ^~~~~
model.sdl:14:8: warning: the weight 'wq' is never used
weight wq: i8[h, d] sparse audio scale row;        # int8, one f32 scale per output row: tensor "wq.scale"
       ^~
dim batch
dim seq 16..4096 step 16

graph @ffn {
  %0 = input "x" : f32[batch,512]
  %1 = weight "w1" [tensor="w1", pattern="unstructured"] : f32[2048,512]
  %2 = weight "b1" [tensor="b1"] : f32[2048]
  %3 = linear %0, %1, %2 : f32[batch,2048]
  %4 = gelu %3
  %5 = weight "w2" [tensor="fc2.weight", pattern="2:4"] : f32[512,2048]
  %6 = linear %4, %5 : f32[batch,512]
  %7 = add %0, %6 : f32[batch,512]
  output %7 "y"
}

graph @net {
  %0 = input "x" : f32[batch,512]
  %1 = weight "w1" [tensor="w1", pattern="unstructured"] : f32[2048,512]
  %2 = weight "b1" [tensor="b1"] : f32[2048]
  %3 = linear %0, %1, %2 : f32[batch,2048]
  %4 = gelu %3
  %5 = weight "w2" [tensor="fc2.weight", pattern="2:4"] : f32[512,2048]
  %6 = linear %4, %5 : f32[batch,512]
  %7 = add %0, %6 : f32[batch,512]
  %8 = relu %7
  %9 = linear %8, %1, %2 : f32[batch,2048]
  %10 = gelu %9
  %11 = linear %10, %5 : f32[batch,512]
  %12 = add %8, %11 : f32[batch,512]
  output %12 "y"
}
