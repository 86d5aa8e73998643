# softmax, norms, reductions and moves; axes count from either end; one op knows one axis of argmax
spc-opt model.sdl
=== model.sdl
dim n, m = 0..64 step 4;
weight g: f16[8]; weight b: f32[8];
layer inner(x: f32[n, 8]) -> y: f32[n + 2, 8] {
    y = pad(slice(x, axis=-1, from=1, to=8), [[1, 1], [0, 1]]);
}
layer a(x: f32[m, 8], k: i8[m, 3, 4], t: bool[2, m]) -> (s: f32[m, 8], l: f32[m, 8], r: f32[m, 8], su: f32[8], me: f32[], am: i8[m], ar: i32[3], aa: i32[], as: i32[m, 8], sk: i32[3], rs: f32[8*m/3, 3], back: f32[m,8], tr: bool[m, 2], cc: f32[2*m, 8], pd: f32[m + 2, 8], id: i32[m,3,4], big: f32[m+2, 8]) {
    s = softmax(x);
    l = layernorm(x, g, b);
    r = rmsnorm(x, g, eps=0.5);
    su = sum(x, axis=0);
    me = mean(x);
    am = amax(k, axis=[-1, 1]);
    ar = argmax(k, axis=[2, 0]);
    aa = argmax(k, axis=[0,1,2]);
    as = argmax(x, axis=[]);
    sk = sum(k, axis=[0, 2]);
    rs = reshape(x, [-1, 3]);
    back = reshape(rs, [m, 8]);
    tr = transpose(t, [1, -2]);
    cc = concat(x, x, axis=0);
    pd = pad(slice(cc, axis=0, from=m, to=2*m), [[1, 1], [0, 0]]);
    id = sum(k, axis=[]);
    big = inner(x);
}
=== expect 0
dim n
dim m 0..64 step 4

graph @inner {
  %0 = input "x" : f32[n,8]
  %1 = slice %0 [axis=1, from="1"] : f32[n,7]
  %2 = pad %1 [before="1;0"] : f32[n + 2,8]
  output %2 "y"
}

graph @a {
  require [value="8*m/3"]
  %0 = input "x" : f32[m,8]
  %1 = input "k" : i8[m,3,4]
  %2 = input "t" : bool[2,m]
  %3 = softmax %0
  %4 = weight "g" [tensor="g"] : f16[8]
  %5 = weight "b" [tensor="b"] : f32[8]
  %6 = layernorm %0, %4, %5 [eps=1e-05]
  %7 = rmsnorm %0, %4 [eps=0.5]
  %8 = sum %0 [axes=(0)] : f32[8]
  %9 = mean %0 [axes=(0,1)] : f32[]
  %10 = amax %1 [axes=(1,2)] : i8[m]
  %11 = transpose %1 [perm=(1,0,2)] : i8[3,m,4]
  %12 = reshape %11 : i8[3,4*m]
  %13 = argmax %12 [axes=(1)] : i32[3]
  %14 = reshape %1 : i8[12*m]
  %15 = argmax %14 [axes=(0)] : i32[]
  %16 = const 0 : i32[m,8]
  %17 = sum %1 [axes=(0,2)] : i32[3]
  %18 = reshape %0 : f32[8*m/3,3]
  %19 = reshape %18 : f32[m,8]
  %20 = transpose %2 [perm=(1,0)] : bool[m,2]
  %21 = concat %0, %0 [axis=0] : f32[2*m,8]
  %22 = slice %21 [axis=0, from="m"] : f32[m,8]
  %23 = pad %22 [before="1;0"] : f32[m + 2,8]
  %24 = cast %1 : i32[m,3,4]
  %25 = slice %0 [axis=1, from="1"] : f32[m,7]
  %26 = pad %25 [before="1;0"] : f32[m + 2,8]
  output %3 "s"
  output %6 "l"
  output %7 "r"
  output %8 "su"
  output %9 "me"
  output %10 "am"
  output %13 "ar"
  output %15 "aa"
  output %16 "as"
  output %17 "sk"
  output %18 "rs"
  output %19 "back"
  output %20 "tr"
  output %21 "cc"
  output %23 "pd"
  output %24 "id"
  output %26 "big"
}
