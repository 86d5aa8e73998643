# numbers take the dtype of the tensor they meet, rounded once; alone they are f32 or i32
spc-opt model.sdl
=== model.sdl
const third = 1.0 / 3, k = 2 * 3;
layer f(x: f32[4], h: f16[4], g: bf16[4], d: f64[4], i: i32[4], u: u8[4])
    -> (a: f32[4], b: f16[4], c: bf16[4], e: f64[4], j: i32[4], v: u8[4], p: f32[], q: i32[], r: bool[], o: f32[4], l: bf16[4]) {
  a = x + third;
  b = h + third;
  c = g * third;
  e = d / third;
  j = i + k;
  v = max(u, 255);
  p = 0.5;
  q = -7;
  r = 1 < 2.5;
  o = x + 16777217;
  l = g + 9007199254740993;
}
=== expect 0
graph @f {
  %0 = input "x" : f32[4]
  %1 = input "h" : f16[4]
  %2 = input "g" : bf16[4]
  %3 = input "d" : f64[4]
  %4 = input "i" : i32[4]
  %5 = input "u" : u8[4]
  %6 = const 0.3333333432674408 : f32[]
  %7 = add %0, %6 : f32[4]
  %8 = const 0.333251953125 : f16[]
  %9 = add %1, %8 : f16[4]
  %10 = const 0.333984375 : bf16[]
  %11 = mul %2, %10 : bf16[4]
  %12 = const 0.33333333333333331 : f64[]
  %13 = div %3, %12 : f64[4]
  %14 = const 6 : i32[]
  %15 = add %4, %14 : i32[4]
  %16 = const 255 : u8[]
  %17 = max %5, %16 : u8[4]
  %18 = const 0.5 : f32[]
  %19 = const -7 : i32[]
  %20 = const 1.0 : f32[]
  %21 = const 2.5 : f32[]
  %22 = lt %20, %21 : bool[]
  %23 = const 16777216.0 : f32[]
  %24 = add %0, %23 : f32[4]
  %25 = const 9007199254740992.0 : bf16[]
  %26 = add %2, %25 : bf16[4]
  output %7 "a"
  output %9 "b"
  output %11 "c"
  output %13 "e"
  output %15 "j"
  output %17 "v"
  output %18 "p"
  output %19 "q"
  output %22 "r"
  output %24 "o"
  output %26 "l"
}
