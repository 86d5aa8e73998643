# Layers that cannot have a C function of their name, and one that clashes with another's scratch function.
spc --emit=header input.sdl
=== input.sdl
dim n;
layer exp(x: f32[n]) -> y: f32[n] { y = relu(x); }
layer template(x: f32[n]) -> y: f32[n] { y = relu(x); }
layer f(x: f32[n]) -> y: f32[n] { y = relu(x); }
layer f_scratch(x: f32[n]) -> y: f32[n] { y = relu(x); }
layer spc_main(x: f32[n]) -> y: f32[n] { y = relu(x); }
=== expect 1
input.sdl:2:7: error: layer "exp" cannot become the C function "exp": that is a name of the C library or of spc itself; give --prefix=P or rename the layer
layer exp(x: f32[n]) -> y: f32[n] { y = relu(x); }
      ^~~
input.sdl:3:7: error: layer "template" cannot become the C function "template": that is a keyword of C or C++; give --prefix=P or rename the layer
layer template(x: f32[n]) -> y: f32[n] { y = relu(x); }
      ^~~~~~~~
input.sdl:5:7: error: layer "f_scratch" clashes with the function that gives the scratch size of layer "f"; rename one
layer f_scratch(x: f32[n]) -> y: f32[n] { y = relu(x); }
      ^~~~~~~~~
input.sdl:6:7: error: layer "spc_main" cannot become the C function "spc_main": that is reserved; give --prefix=P or rename the layer
layer spc_main(x: f32[n]) -> y: f32[n] { y = relu(x); }
      ^~~~~~~~
