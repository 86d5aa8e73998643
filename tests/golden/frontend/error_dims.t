# contracts of dims as declared
spc-opt model.sdl
=== model.sdl
dim a = 5..3;
dim b = -1..3;
dim c = 1..9 step 0;
dim e = 1..9 stop 2;
dim g = 1..h;
dim h;
dim i = 1.5..3;

layer f(x: f32[4]) -> y: f32[4] {
    y = x;
}
=== expect 1
model.sdl:1:9: error: no value is in 5..3
dim a = 5..3;
        ^
model.sdl:2:9: error: a dim cannot be negative
dim b = -1..3;
        ^
model.sdl:3:19: error: a step is at least 1
dim c = 1..9 step 0;
                  ^
model.sdl:4:14: error: expected 'step' but found 'stop'
dim e = 1..9 stop 2;
             ^~~~
model.sdl:5:12: error: 'h' is a dim, known only at the call; here only consts can stand
dim g = 1..h;
           ^
model.sdl:6:5: note: declared here
dim h;
    ^
model.sdl:7:9: error: the lower end of a dim is a constant integer, this is a number
dim i = 1.5..3;
        ^~~
model.sdl:1:5: warning: the dim 'a' is never used
dim a = 5..3;
    ^
model.sdl:2:5: warning: the dim 'b' is never used
dim b = -1..3;
    ^
model.sdl:3:5: warning: the dim 'c' is never used
dim c = 1..9 step 0;
    ^
model.sdl:4:5: warning: the dim 'e' is never used
dim e = 1..9 stop 2;
    ^
model.sdl:5:5: warning: the dim 'g' is never used
dim g = 1..h;
    ^
model.sdl:7:5: warning: the dim 'i' is never used
dim i = 1.5..3;
    ^
