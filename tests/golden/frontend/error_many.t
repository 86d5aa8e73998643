# layers with several results stand alone in a statement
spc-opt model.sdl
=== model.sdl
dim n;
layer g(x: f32[n, 8]) -> (y: f32[n, 8], z: f32[n, 8]) { y = x; z = relu(x); }
layer f(x: f32[n, 8]) -> y: f32[n, 8] {
  a = g(x);
  b1 = g(x) + x;
  c, e = relu(x);
  h, i = g(x);
  j = relu(g(x));
  k = -g(x);
  y = x + g(x);
}
=== expect 1
model.sdl:4:3: error: 1 name for 2 results
  a = g(x);
  ^
model.sdl:5:8: error: 'g' has 2 results; take them in a statement of its own, as in 'a, b = g(...);'
  b1 = g(x) + x;
       ^
model.sdl:6:3: error: 2 names for 1 result
  c, e = relu(x);
  ^
model.sdl:8:12: error: 'g' has 2 results; take them in a statement of its own, as in 'a, b = g(...);'
  j = relu(g(x));
           ^
model.sdl:9:8: error: 'g' has 2 results; take them in a statement of its own, as in 'a, b = g(...);'
  k = -g(x);
       ^
model.sdl:10:11: error: 'g' has 2 results; take them in a statement of its own, as in 'a, b = g(...);'
  y = x + g(x);
          ^
model.sdl:7:3: warning: the name 'h' is never used
  h, i = g(x);
  ^
model.sdl:7:6: warning: the name 'i' is never used
  h, i = g(x);
     ^
