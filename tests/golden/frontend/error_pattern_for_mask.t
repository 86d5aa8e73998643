# a pattern where a mask is expected
spc-opt model.sdl
=== model.sdl
pattern p = rows;
mask m = p;
mask k = causal & rows;
mask j = causal + global(3);

layer f(x: f32[4]) -> y: f32[4] {
    y = x;
}
=== expect 1
model.sdl:2:10: error: 'p' is a pattern; a mask is expected here
mask m = p;
         ^
model.sdl:1:9: note: declared here
pattern p = rows;
        ^
model.sdl:3:19: error: 'rows' is a pattern; a mask is expected here
mask k = causal & rows;
                  ^~~~
model.sdl:4:17: error: a mask is expected here; masks know & | !
mask j = causal + global(3);
                ^
model.sdl:2:6: warning: the mask 'm' is never used
mask m = p;
     ^
model.sdl:3:6: warning: the mask 'k' is never used
mask k = causal & rows;
     ^
model.sdl:4:6: warning: the mask 'j' is never used
mask j = causal + global(3);
     ^
