# extent arithmetic has one canonical form
spc-opt model.sdl
=== model.sdl
dim n, m;
const d = 3;
layer f(x: f32[(n + 1) * (n - 1) + 1], y: f32[(2 * n * m) / 2, n / 4 * 4 + d], z: f32[n * n], t: f32[m * n, d + n]) -> (a: f32[n * n], b: f32[n * m, n + 3]) {
  a = x + z;
  b = y - t;
}
=== expect 0
dim n
dim m

graph @f {
  require [value="n/4"]
  %0 = input "x" : f32[n*n]
  %1 = input "y" : f32[m*n,n + 3]
  %2 = input "z" : f32[n*n]
  %3 = input "t" : f32[m*n,n + 3]
  %4 = add %0, %2 : f32[n*n]
  %5 = sub %1, %3 : f32[m*n,n + 3]
  output %4 "a"
  output %5 "b"
}
