# every elementwise operation
spc-opt model.sdl
=== model.sdl
dim n;
layer f(x: f32[n], z: f32[n], c: bool[n]) -> (y: f32[n], t: bool[n]) {
  a = relu(x) + relu6(x) - leaky_relu(x) * leaky_relu(x, slope=0.2) / z;
  b = gelu(a) + gelu_tanh(a) + silu(a) + sigmoid(a) + tanh(a) + exp(a) + sqrt(a) + abs(a) + neg(a) + -a;
  y = where(c, clip(b, -1, z), max(b, min(x, 0)));
  t = x == z | x != z & !c | (x < z) | (x <= z) & (x > 0) | (x >= 1.5) | cast(x, bool);
}
=== expect 0
dim n

graph @f {
  %0 = input "x" : f32[n]
  %1 = input "z" : f32[n]
  %2 = input "c" : bool[n]
  %3 = relu %0
  %4 = relu6 %0
  %5 = add %3, %4 : f32[n]
  %6 = leaky_relu %0 [slope=0.01]
  %7 = leaky_relu %0 [slope=0.2]
  %8 = mul %6, %7 : f32[n]
  %9 = div %8, %1 : f32[n]
  %10 = sub %5, %9 : f32[n]
  %11 = gelu %10
  %12 = gelu_tanh %10
  %13 = add %11, %12 : f32[n]
  %14 = silu %10
  %15 = add %13, %14 : f32[n]
  %16 = sigmoid %10
  %17 = add %15, %16 : f32[n]
  %18 = tanh %10
  %19 = add %17, %18 : f32[n]
  %20 = exp %10
  %21 = add %19, %20 : f32[n]
  %22 = sqrt %10
  %23 = add %21, %22 : f32[n]
  %24 = abs %10
  %25 = add %23, %24 : f32[n]
  %26 = neg %10
  %27 = add %25, %26 : f32[n]
  %28 = neg %10
  %29 = add %27, %28 : f32[n]
  %30 = const -1.0 : f32[]
  %31 = max %29, %30 : f32[n]
  %32 = min %31, %1 : f32[n]
  %33 = const 0.0 : f32[]
  %34 = min %0, %33 : f32[n]
  %35 = max %29, %34 : f32[n]
  %36 = select %2, %32, %35 : f32[n]
  %37 = eq %0, %1 : bool[n]
  %38 = ne %0, %1 : bool[n]
  %39 = not %2
  %40 = and %38, %39 : bool[n]
  %41 = or %37, %40 : bool[n]
  %42 = lt %0, %1 : bool[n]
  %43 = or %41, %42 : bool[n]
  %44 = le %0, %1 : bool[n]
  %45 = const 0.0 : f32[]
  %46 = gt %0, %45 : bool[n]
  %47 = and %44, %46 : bool[n]
  %48 = or %43, %47 : bool[n]
  %49 = const 1.5 : f32[]
  %50 = ge %0, %49 : bool[n]
  %51 = or %48, %50 : bool[n]
  %52 = cast %0 : bool[n]
  %53 = or %51, %52 : bool[n]
  output %36 "y"
  output %53 "t"
}
