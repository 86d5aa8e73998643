# a misspelt item word draws a suggestion
spc-opt model.sdl
=== model.sdl
dimm n;
layer f(x: f32[4]) -> y: f32[4] { y = x; }
=== expect 1
model.sdl:1:1: error: expected dim, const, pattern, mask, weight or layer but found 'dimm'; did you mean 'dim'?
dimm n;
^~~~
