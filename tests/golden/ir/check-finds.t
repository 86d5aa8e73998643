# --check is no formality: this entry does not compute what its graph says.
spc-opt --verify --check input.ir
=== input.ir
graph @f {
  %0 = input "x" : f32[4]
  %1 = add %0, %0 : f32[4]
  output %1 "y"
}
kernel @k {
  %0 = param "x" : buffer f32
  %1 = param "y" : buffer f32
  %2 = param "task" : index
  %3 = param "tasks" : index
  %4 = load %0, 0 : f32x4
  store %4, %1, 0
}
entry @f {
  %0 = param "x" : buffer f32
  %1 = param "y" : buffer f32
  launch 1, %0, %1 "k"
}
=== expect 70
spc-opt: check: the entry differs in 'y': element 0 is -2 instead of -4
