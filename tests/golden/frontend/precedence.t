# |> is loosest, then |, &, comparisons, sums, products; binary ones group to the left
spc-opt model.sdl
=== model.sdl
layer f(x: f32[4], y: f32[4]) -> (a: f32[4], b: f32[4], c: bool[4], d: f32[4]) {
  a = x - y - x * y / y;
  b = x + y |> relu |> clip(0, 6);
  c = x + y < y & x > y | !(x == y) & true;
  d = -x * -(-y);
}
=== expect 0
graph @f {
  %0 = input "x" : f32[4]
  %1 = input "y" : f32[4]
  %2 = sub %0, %1 : f32[4]
  %3 = mul %0, %1 : f32[4]
  %4 = div %3, %1 : f32[4]
  %5 = sub %2, %4 : f32[4]
  %6 = add %0, %1 : f32[4]
  %7 = relu %6
  %8 = const 0.0 : f32[]
  %9 = const 6.0 : f32[]
  %10 = max %7, %8 : f32[4]
  %11 = min %10, %9 : f32[4]
  %12 = add %0, %1 : f32[4]
  %13 = lt %12, %1 : bool[4]
  %14 = gt %0, %1 : bool[4]
  %15 = and %13, %14 : bool[4]
  %16 = eq %0, %1 : bool[4]
  %17 = not %16
  %18 = const 1 : bool[]
  %19 = and %17, %18 : bool[4]
  %20 = or %15, %19 : bool[4]
  %21 = neg %0
  %22 = neg %1
  %23 = neg %22
  %24 = mul %21, %23 : f32[4]
  output %5 "a"
  output %11 "b"
  output %20 "c"
  output %24 "d"
}
