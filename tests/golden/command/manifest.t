# What a compiled program says of itself.
spc --emit=manifest --cpu=x86-64-v2 --prefix=p_ input.sdl
=== input.sdl
dim n = 1..8, m;
layer f(x: f32[n, m]) -> y: f32[n, m] { y = relu(x) + 1; }
layer g(x: i32[2*m]) -> (y: i32[2*m], z: f32[2*m]) { y = x * 2; z = cast(x, f32); }
=== expect 0
{"abi":1,"spc":"0.1.0",
 "cpu":"x86-64-v2","features":"sse3,ssse3,sse4_1,sse4_2,popcnt",
 "dims":[
  {"name":"n","lo":1,"hi":8,"step":1},
  {"name":"m","lo":0,"hi":9223372036854775807,"step":1}],
 "layers":[
  {"name":"f","symbol":"p_f","dims":["n","m"],"inputs":[
   {"name":"x","dtype":"f32","shape":["n","m"]}],"outputs":[
   {"name":"y","dtype":"f32","shape":["n","m"]}],
   "scratch":"0"},
  {"name":"g","symbol":"p_g","dims":["m"],"inputs":[
   {"name":"x","dtype":"i32","shape":["2*m"]}],"outputs":[
   {"name":"y","dtype":"i32","shape":["2*m"]},
   {"name":"z","dtype":"f32","shape":["2*m"]}],
   "scratch":"0"}],
 "weights":[],
 "kernels":[
  {"name":"f_0","plan":"rows=all unroll=1 par=both"},
  {"name":"g_0","plan":"rows=all unroll=1 par=both"},
  {"name":"g_1","plan":"rows=all unroll=1 par=both"}]}
