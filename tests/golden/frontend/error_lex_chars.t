# characters, strings and escapes that do not exist
spc-opt model.sdl
=== model.sdl
dim n; $ dim m;
layer é(x: f32[n]) -> y: f32[n] { y = x; }
weight w: f32[4] from "abc;
weight v: f32[4] from "a\n";
=== expect 1
model.sdl:1:8: error: unexpected character '$'
dim n; $ dim m;
       ^
model.sdl:2:7: error: 'é' may stand in comments and strings only; names are ASCII letters, digits and '_'
layer é(x: f32[n]) -> y: f32[n] { y = x; }
      ^
model.sdl:3:23: error: this string does not end on its line; close it with '"'
weight w: f32[4] from "abc;
                      ^~~~~
model.sdl:4:25: error: strings know the escapes \" and \\ only
weight v: f32[4] from "a\n";
                        ^~
