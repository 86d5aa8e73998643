# a byte order mark and CRLF are accepted; columns count from behind the mark
spc-opt model.sdl
=== model.sdl
﻿layer f(x: f32[4]) -> y: f32[4] {
  y = relu(z);
}
=== expect 1
model.sdl:2:12: error: 'z' is not defined
  y = relu(z);
           ^
model.sdl:1:9: warning: the input 'x' is never used
layer f(x: f32[4]) -> y: f32[4] {
        ^
