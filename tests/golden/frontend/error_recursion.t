# layers cannot be recursive
spc-opt model.sdl
=== model.sdl
layer f(x: f32[4]) -> y: f32[4] { y = g(x); }
layer g(x: f32[4]) -> y: f32[4] { y = h(x); }
layer h(x: f32[4]) -> y: f32[4] { y = f(x); }
layer i(x: f32[4]) -> y: f32[4] { y = i(x); }
=== expect 1
model.sdl:3:39: error: 'f' calls itself; layers cannot be recursive
layer h(x: f32[4]) -> y: f32[4] { y = f(x); }
                                      ^
model.sdl:3:7: note: by way of 'h'
layer h(x: f32[4]) -> y: f32[4] { y = f(x); }
      ^
model.sdl:2:7: note: by way of 'g'
layer g(x: f32[4]) -> y: f32[4] { y = h(x); }
      ^
model.sdl:4:39: error: 'i' calls itself; layers cannot be recursive
layer i(x: f32[4]) -> y: f32[4] { y = i(x); }
                                      ^
