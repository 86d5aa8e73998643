# calls bind dims anew and are inlined; weights appear once
spc-opt model.sdl
=== model.sdl
dim n, m, k = 16..64 step 16;
weight w: f32[8, 8];
layer g(a: f32[n, m], b: f32[m, n], z: f32[2 * m]) -> (p: f32[n, n], q: f32[2 * m]) {
  p = matmul(a, b);
  q = z;
}
layer h(x: f32[k, 8]) -> y: f32[k, 8] { y = linear(x, w); }
layer f(x: f32[32, 8], y: f32[8, 32], z: f32[16], u: f32[m, n], v: f32[n, m], t: f32[2 * n])
    -> (a: f32[32, 32], b: f32[16], c: f32[m, m], d: f32[2 * n], e: f32[32, 8]) {
  a, b = g(x, y, z);
  c, d = g(b=v, z=t, a=u);
  e = x |> h |> h;
}
=== expect 0
dim n
dim m
dim k 16..64 step 16

graph @g {
  %0 = input "a" : f32[n,m]
  %1 = input "b" : f32[m,n]
  %2 = input "z" : f32[2*m]
  %3 = matmul %0, %1 : f32[n,n]
  output %3 "p"
  output %2 "q"
}

graph @h {
  %0 = input "x" : f32[k,8]
  %1 = weight "w" [tensor="w"] : f32[8,8]
  %2 = linear %0, %1 : f32[k,8]
  output %2 "y"
}

graph @f {
  %0 = input "x" : f32[32,8]
  %1 = input "y" : f32[8,32]
  %2 = input "z" : f32[16]
  %3 = input "u" : f32[m,n]
  %4 = input "v" : f32[n,m]
  %5 = input "t" : f32[2*n]
  %6 = matmul %0, %1 : f32[32,32]
  %7 = matmul %3, %4 : f32[m,m]
  %8 = weight "w" [tensor="w"] : f32[8,8]
  %9 = linear %0, %8 : f32[32,8]
  %10 = linear %9, %8 : f32[32,8]
  output %6 "a"
  output %2 "b"
  output %7 "c"
  output %5 "d"
  output %10 "e"
}
