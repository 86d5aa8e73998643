# Spelling becomes canonical: ids in order, spaces, attribute order, extents.
spc-opt input.ir
=== input.ir
dim batch 0..64 step 2
dim seq 0..9223372036854775807 step 1
graph @f { %7=input "x" : f32[seq + batch*2, (2*batch)/4]   # a comment
  %3 = weight "w" [pattern="2:4", tensor="a\"b"] : f32[8,16]{nm:2:4}
  %1 = leaky_relu %7 [slope=1e-1]
  output %1 "y"
}
=== expect 0
dim batch 0..64 step 2
dim seq

graph @f {
  %0 = input "x" : f32[2*batch + seq,batch/2]
  %1 = weight "w" [tensor="a\"b", pattern="2:4"] : f32[8,16]{nm:2:4}
  %2 = leaky_relu %0 [slope=0.1]
  output %2 "y"
}
