# inputs and results do not repeat each other
spc-opt model.sdl
=== model.sdl
layer f(x: f32[4], x: f32[4]) -> (y: f32[4], y: f32[4]) { y = x; }
=== expect 1
model.sdl:1:20: error: 'x' is declared already; a name is assigned once, and inputs not at all
layer f(x: f32[4], x: f32[4]) -> (y: f32[4], y: f32[4]) { y = x; }
                   ^
model.sdl:1:9: note: first declared here
layer f(x: f32[4], x: f32[4]) -> (y: f32[4], y: f32[4]) { y = x; }
        ^
model.sdl:1:46: error: 'y' is declared already; a name is assigned once, and inputs not at all
layer f(x: f32[4], x: f32[4]) -> (y: f32[4], y: f32[4]) { y = x; }
                                             ^
model.sdl:1:35: note: first declared here
layer f(x: f32[4], x: f32[4]) -> (y: f32[4], y: f32[4]) { y = x; }
                                  ^
