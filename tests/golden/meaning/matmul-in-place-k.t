# Vectors along K, four rows read in place at once, K no multiple of the lanes: every row ends with a masked vector of its own.
spc-opt --all --verify --check '--plan=@f.0 tile=4xall rows=all unroll=1 lanes=k pack=no' input.sdl
=== input.sdl
dim rows = 0..9;
layer f(a: f32[rows, 21], b: f32[5, 21]) -> y: f32[rows, 5] { y = linear(a, b); }
=== expect 0
