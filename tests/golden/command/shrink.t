# Rows of up that are empty make channels that are exp(0) = 1 for every input: their share goes into a new bias, and up, down
# and what lies between lose those channels. The input stays as it is.
spc mlp.sdl -w up=up.mtx -w down=down.mtx --dump=shrink
=== mlp.sdl
dim n;
weight up: f32[16, 4] sparse rows;
weight down: f32[3, 16] sparse unstructured;
layer mlp(x: f32[n, 4]) -> y: f32[n, 3] { y = linear(exp(linear(x, up)), down); }
=== up.mtx
%%MatrixMarket matrix coordinate real general
16 4 8
2 1 1
2 3 -2
5 2 3
6 1 1
6 4 2
11 3 -1
11 4 1
14 2 2
=== down.mtx
%%MatrixMarket matrix coordinate real general
3 16 7
1 1 1
1 2 -2
1 6 1
2 5 3
2 16 4
3 11 1
3 14 2
=== expect 0
dim n

graph @mlp {
  %0 = input "x" : f32[n,4]
  %1 = weight "up.bd8fac8f32deb34d" [tensor="up.bd8fac8f32deb34d", pattern="rows"] : f32[8,4]
  %2 = linear %0, %1 : f32[n,8]
  %3 = exp %2
  %4 = weight "down.bbc8d42ac77066fa" [tensor="down.bbc8d42ac77066fa", pattern="unstructured"] : f32[3,8]
  %5 = weight "down.de86a5b5d2b68560" [tensor="down.de86a5b5d2b68560"] : f32[3]
  %6 = linear %3, %4, %5 : f32[n,3]
  output %6 "y"
}

constant @up.bd8fac8f32deb34d {
  %0 = weight "up" [tensor="up", pattern="rows"] : f32[16,4]
  %1 = take %0 [axis=0, kept=(0,1,2,3,4,5,10,13)] : f32[8,4]
  output %1 "up"
}

constant @down.bbc8d42ac77066fa {
  %0 = weight "down" [tensor="down", pattern="unstructured"] : f32[3,16]
  %1 = take %0 [axis=1, kept=(0,1,2,3,4,5,10,13)] : f32[3,8]
  output %1 "down"
}

constant @down.de86a5b5d2b68560 {
  %0 = const 0.0 : f32[16]
  %1 = exp %0
  %2 = take %1 [axis=0, kept=(15)] : f32[1]
  %3 = weight "down" [tensor="down", pattern="unstructured"] : f32[3,16]
  %4 = take %3 [axis=1, kept=(15)] : f32[3,1]
  %5 = linear %2, %4 : f32[3]
  output %5 "down"
}
