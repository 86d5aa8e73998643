# masks: arguments out of range, of the wrong kind, undefined
spc-opt model.sdl
=== model.sdl
mask a = window(-1, 2);
mask b = block_diagonal(0);
mask c = dilated(3, 0) | dilated(-1, 1);
mask e = random(size=0) & random(blocks=-1);
mask f1 = blocks(t, size=4);
mask g = a(3) & sinks(2);
mask h = 2:4;
mask i = caussal;
mask j = global(n=2.5);
weight w: i8[4, 8] scale group();

layer f(x: f32[4]) -> y: f32[4] {
    y = x;
}
=== expect 1
model.sdl:1:17: error: window: left is -1; it is at least 0
mask a = window(-1, 2);
                ^
model.sdl:2:25: error: block_diagonal: size is 0; it is at least 1
mask b = block_diagonal(0);
                        ^
model.sdl:3:21: error: dilated: step is 0; it is at least 1
mask c = dilated(3, 0) | dilated(-1, 1);
                    ^
model.sdl:3:34: error: dilated: window is -1; it is at least 0
mask c = dilated(3, 0) | dilated(-1, 1);
                                 ^
model.sdl:4:22: error: random: size is 0; it is at least 1
mask e = random(size=0) & random(blocks=-1);
                     ^
model.sdl:4:41: error: random: blocks is -1; it is at least 0
mask e = random(size=0) & random(blocks=-1);
                                        ^
model.sdl:5:11: error: 'blocks' takes an input of a layer, so it can stand inside a layer only
mask f1 = blocks(t, size=4);
          ^~~~~~
model.sdl:6:10: error: 'a' is the file's own; it takes no arguments
mask g = a(3) & sinks(2);
         ^
model.sdl:7:10: error: a mask is expected here
mask h = 2:4;
         ^~~
model.sdl:8:10: error: there is no mask 'caussal'; did you mean 'causal'?
mask i = caussal;
         ^~~~~~~
model.sdl:9:19: error: this argument is a constant integer, this is a number
mask j = global(n=2.5);
                  ^~~
model.sdl:10:26: error: group takes the size of a group: scale group(64)
weight w: i8[4, 8] scale group();
                         ^~~~~
model.sdl:2:6: warning: the mask 'b' is never used
mask b = block_diagonal(0);
     ^
model.sdl:3:6: warning: the mask 'c' is never used
mask c = dilated(3, 0) | dilated(-1, 1);
     ^
model.sdl:4:6: warning: the mask 'e' is never used
mask e = random(size=0) & random(blocks=-1);
     ^
model.sdl:5:6: warning: the mask 'f1' is never used
mask f1 = blocks(t, size=4);
     ^~
model.sdl:6:6: warning: the mask 'g' is never used
mask g = a(3) & sinks(2);
     ^
model.sdl:7:6: warning: the mask 'h' is never used
mask h = 2:4;
     ^
model.sdl:8:6: warning: the mask 'i' is never used
mask i = caussal;
     ^
model.sdl:9:6: warning: the mask 'j' is never used
mask j = global(n=2.5);
     ^
model.sdl:10:8: warning: the weight 'w' is never used
weight w: i8[4, 8] scale group();
       ^
