# letters behind digits, points without digits, numbers too large
spc-opt model.sdl
=== model.sdl
const a = 5x, b = 0x10;
const c = 1.;
const d = .5;
const e = 1e999;
pattern p = block(32x32);
=== expect 1
model.sdl:1:11: error: '5x' is neither a number nor a name; a name starts with a letter
const a = 5x, b = 0x10;
          ^~
model.sdl:1:19: error: '0x10' is neither a number nor a name; a name starts with a letter
const a = 5x, b = 0x10;
                  ^~~~
model.sdl:2:11: error: a number needs digits on both sides of its point; write 1.0
const c = 1.;
          ^~
model.sdl:3:11: error: a number needs digits on both sides of its point; write 0.5
const d = .5;
          ^~
model.sdl:4:11: error: the number 1e999 is too large for f64
const e = 1e999;
          ^~~~~
model.sdl:5:19: error: '32x32' is neither a number nor a name; a name starts with a letter
pattern p = block(32x32);
                  ^~~~~
