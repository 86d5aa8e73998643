# A broken module is a defect of whoever made it: exit status 70.
spc-opt --verify input.ir
=== input.ir
graph @f {
  %0 = input "x" : f32[4]
  %1 = gelu %0
  output %1 "x"
}
=== expect 70
input.ir:4:3: error: internal error after parse: output in @f: the name "x" is there already
  output %1 "x"
  ^~~~~~
