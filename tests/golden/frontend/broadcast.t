# constant ones stretch, ranks grow to the left
spc-opt model.sdl
=== model.sdl
dim n;
layer f(x: f32[n, 1, 4], y: f32[3, 1], s: f32[]) -> (a: f32[n, 3, 4], b: f32[n, 1, 4]) {
  a = x * y;
  b = x - s;
}
=== expect 0
dim n

graph @f {
  %0 = input "x" : f32[n,1,4]
  %1 = input "y" : f32[3,1]
  %2 = input "s" : f32[]
  %3 = mul %0, %1 : f32[n,3,4]
  %4 = sub %0, %2 : f32[n,1,4]
  output %3 "a"
  output %4 "b"
}
