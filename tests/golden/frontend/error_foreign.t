# what people write who come from other languages
spc-opt model.sdl
=== model.sdl
// not a comment
weight layers.0.weight: f32[8, 8];
weight w: f32[8, 8] from 'w';
weight v: float32[8, 8] sparse csr;
layer f(x: f32[n, 8]) -> y: f32[n, 8] {
    a = x @ w;
    b = linear(x, w).relu();
    c = x.relu();
    y = dropout(batchnorm(x), 0.5);
}
=== expect 1
model.sdl:1:1: error: a comment begins with '#'
// not a comment
^~~~~~~~~~~~~~~~
model.sdl:2:8: error: 'layers.0.weight' is no name: names are letters, digits and '_'; a tensor's name in a file is a string, as in from "layers.0.weight", and methods are calls, f(x) or x |> f
weight layers.0.weight: f32[8, 8];
       ^~~~~~~~~~~~~~~
model.sdl:3:26: error: strings stand between double quotes
weight w: f32[8, 8] from 'w';
                         ^~~
model.sdl:6:11: error: unexpected character '@'; a product is matmul(a, b), or linear(x, w) with w [out, in]
    a = x @ w;
          ^
model.sdl:7:21: error: unexpected character '.'; f of x is f(x) or x |> f
    b = linear(x, w).relu();
                    ^
model.sdl:8:9: error: 'x.relu' is no name: names are letters, digits and '_'; a tensor's name in a file is a string, as in from "x.relu", and methods are calls, f(x) or x |> f
    c = x.relu();
        ^~~~~~
model.sdl:4:11: error: 'float32' is not a dtype; write f32
weight v: float32[8, 8] sparse csr;
          ^~~~~~~
model.sdl:4:32: error: there is no pattern 'csr'; how a weight is stored is chosen for it, or said by a plan
weight v: float32[8, 8] sparse csr;
                               ^~~
model.sdl:5:16: error: 'n' is not defined; declare it: dim n;
layer f(x: f32[n, 8]) -> y: f32[n, 8] {
               ^
model.sdl:5:33: error: 'n' is not defined; declare it: dim n;
layer f(x: f32[n, 8]) -> y: f32[n, 8] {
                                ^
model.sdl:9:9: error: 'dropout' is neither a layer nor an operation; leave it out, at inference it does nothing
    y = dropout(batchnorm(x), 0.5);
        ^~~~~~~
