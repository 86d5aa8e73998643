# consts and patterns cannot be defined through themselves
spc-opt model.sdl
=== model.sdl
const a = b;
const b = c + 1;
const c = a;
pattern p = p;
layer f(x: f32[a]) -> y: f32[a] { y = x; }
=== expect 1
model.sdl:3:11: error: 'a' is defined through itself
const c = a;
          ^
model.sdl:3:7: note: by way of 'c'
const c = a;
      ^
model.sdl:2:7: note: by way of 'b'
const b = c + 1;
      ^
model.sdl:4:13: error: 'p' is defined through itself
pattern p = p;
            ^
model.sdl:2:7: warning: the const 'b' is never used
const b = c + 1;
      ^
model.sdl:3:7: warning: the const 'c' is never used
const c = a;
      ^
model.sdl:4:9: warning: the pattern 'p' is never used
pattern p = p;
        ^
