# results have exactly their declared types
spc-opt model.sdl
=== model.sdl
dim n;
dim m;
weight w: f32[4, 8] sparse 2:4;
layer f(x: f32[n, 8]) -> (y: f32[n, 8], z: f32[m, 4], u: f16[n, 4], v: f32[n]) {
  a = linear(x, w); y = a; z = a; u = a; v = a;
}
=== expect 1
model.sdl:5:21: error: the result 'y' is declared f32[n,8] but this is f32[n,4]: on axis 1, 4 is not 8
  a = linear(x, w); y = a; z = a; u = a; v = a;
                    ^
model.sdl:4:27: note: declared here
layer f(x: f32[n, 8]) -> (y: f32[n, 8], z: f32[m, 4], u: f16[n, 4], v: f32[n]) {
                          ^
model.sdl:5:28: error: the result 'z' is declared f32[m,4] but this is f32[n,4]: on axis 0, n cannot be proved equal to m
  a = linear(x, w); y = a; z = a; u = a; v = a;
                           ^
model.sdl:4:41: note: declared here
layer f(x: f32[n, 8]) -> (y: f32[n, 8], z: f32[m, 4], u: f16[n, 4], v: f32[n]) {
                                        ^
model.sdl:5:35: error: the result 'u' is declared f16[n,4] but this is f32[n,4]: use cast(..., f16)
  a = linear(x, w); y = a; z = a; u = a; v = a;
                                  ^
model.sdl:4:55: note: declared here
layer f(x: f32[n, 8]) -> (y: f32[n, 8], z: f32[m, 4], u: f16[n, 4], v: f32[n]) {
                                                      ^
model.sdl:5:42: error: the result 'v' is declared f32[n] but this is f32[n,4]: it has 2 axes, not 1
  a = linear(x, w); y = a; z = a; u = a; v = a;
                                         ^
model.sdl:4:69: note: declared here
layer f(x: f32[n, 8]) -> (y: f32[n, 8], z: f32[m, 4], u: f16[n, 4], v: f32[n]) {
                                                                    ^
