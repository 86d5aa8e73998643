# arguments of operations: missing, surplus, unknown, repeated, out of order
spc-opt model.sdl
=== model.sdl
dim n;
weight w: f32[4, 8] sparse 2:4;
weight b: f32[4];
layer f(x: f32[n, 8]) -> y: f32[n, 4] {
  a = linear(x);
  e = linear(x, w, b, b);
  g = linear(x, v=w);
  h = linear(x, w, w=w);
  i = linear(x=x, w);
  j = leaky_relu(x, 0.1);
  k = leaky_relu(x, slop=0.1);
  l = relu();
  y = linear(x, w, bias=b);
}
=== expect 1
model.sdl:5:7: error: 'linear' needs the argument 'w': it is linear(x, w, b?)
  a = linear(x);
      ^~~~~~
model.sdl:6:23: error: too many arguments by position: it is linear(x, w, b?)
  e = linear(x, w, b, b);
                      ^
model.sdl:7:17: error: 'linear' has no argument 'v'
  g = linear(x, v=w);
                ^
model.sdl:7:7: note: it is linear(x, w, b?)
  g = linear(x, v=w);
      ^~~~~~
model.sdl:8:20: error: the argument 'w' is given twice
  h = linear(x, w, w=w);
                   ^
model.sdl:8:17: note: first given here
  h = linear(x, w, w=w);
                ^
model.sdl:9:19: error: an argument by position cannot follow one by name
  i = linear(x=x, w);
                  ^
model.sdl:10:21: error: too many arguments by position: it is leaky_relu(x, slope=0.01); those with '=' are given by name
  j = leaky_relu(x, 0.1);
                    ^~~
model.sdl:11:21: error: 'leaky_relu' has no argument 'slop'; did you mean 'slope'?
  k = leaky_relu(x, slop=0.1);
                    ^~~~
model.sdl:11:7: note: it is leaky_relu(x, slope=0.01)
  k = leaky_relu(x, slop=0.1);
      ^~~~~~~~~~
model.sdl:12:7: error: 'relu' needs the argument 'x': it is relu(x)
  l = relu();
      ^~~~
model.sdl:13:20: error: 'linear' has no argument 'bias'
  y = linear(x, w, bias=b);
                   ^~~~
model.sdl:13:7: note: it is linear(x, w, b?)
  y = linear(x, w, bias=b);
      ^~~~~~
