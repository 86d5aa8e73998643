# operands that do not fit an operation
spc-opt model.sdl
=== model.sdl
dim n;
dim m;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8], z: i32[n, 8], p: f32[2, 3, 4], q: f32[3, 4, 5], h: f32[n, m, 1099511627776, 4194304], e: f32[5, 7], i: f32[n, 6, 6, 3], g: f32[1099511627776, 1], gt: f32[1, 1099511627776], f8: f32[8], f9: f32[9]) -> y: f32[n, 4] {
  a = linear(z, w);
  a1 = softmax(x) |> mean |> argmax;
  a2 = matmul(p, q);
  a3 = quantize(x, u8, tensor);
  a4 = dequantize(x);
  a5 = reshape(h, [1]);
  a6 = reshape(x, [-1, 3]);
  a7 = reshape(e, [-1, 3]);
  a8 = concat(x, z, axis=1);
  a9 = concat(x, e, axis=0);
  b0 = depth_to_space(i, 0);
  b1 = matmul(g, gt);
  b2 = pad(e, [[9223372036854775800, 5], [0, 0]]);
  b3 = layernorm(x, e);
  b4 = layernorm(x, f9, f8);
  b5 = concat(axis=0);
  y = linear(x, w);
}
=== expect 1
model.sdl:4:74: error: the product of these extents is over 2^63 bytes
...2[n, 8], z: i32[n, 8], p: f32[2, 3, 4], q: f32[3, 4, 5], h: f32[n, m, 1099511627776, 4194304], e: f32[5, 7], i: f32[n, 6...
                                                               ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
model.sdl:5:17: error: linear: w is f32[4,8] but the other operand is i32[n,8]; use cast(..., i32)
  a = linear(z, w);
                ^
model.sdl:6:30: error: argmax: a scalar has no axes
  a1 = softmax(x) |> mean |> argmax;
                             ^~~~~~
model.sdl:7:8: error: matmul: the leading axes of f32[2,3,4] and f32[3,4,5] do not fit: 3 is not 2
  a2 = matmul(p, q);
       ^~~~~~
model.sdl:8:20: error: quantize: the dtype can only be i8, not u8
  a3 = quantize(x, u8, tensor);
                   ^~
model.sdl:9:19: error: dequantize: x must be a result of quantize, got f32[n,8]
  a4 = dequantize(x);
                  ^
model.sdl:12:19: error: reshape: 35 elements cannot be split into parts of 3
  a7 = reshape(e, [-1, 3]);
                  ^~~~~~~
model.sdl:13:18: error: concat: i32[n,8] does not fit the first part, f32[n,8]
  a8 = concat(x, z, axis=1);
                 ^
model.sdl:14:18: error: concat: axis 1 of this part is 7 but that of the first is 8
  a9 = concat(x, e, axis=0);
                 ^
model.sdl:15:26: error: depth_to_space: the block is 0; it is at least 1
  b0 = depth_to_space(i, 0);
                         ^
model.sdl:16:8: error: the result f32[1099511627776,1099511627776] is too large: it takes over 2^63 bytes
  b1 = matmul(g, gt);
       ^~~~~~
model.sdl:17:8: error: extent 0 of the result overflows 63 bits
  b2 = pad(e, [[9223372036854775800, 5], [0, 0]]);
       ^~~
model.sdl:18:21: error: layernorm: g has 1 axis, got f32[5,7]
  b3 = layernorm(x, e);
                    ^
model.sdl:19:21: error: layernorm: its length is 9 but the last axis of x is 8
  b4 = layernorm(x, f9, f8);
                    ^~
model.sdl:20:8: error: 'concat' needs the argument 'parts': it is concat(parts, ..., axis=)
  b5 = concat(axis=0);
       ^~~~~~
model.sdl:11:3: warning: the name 'a6' is never used
  a6 = reshape(x, [-1, 3]);
  ^~
