# calls that double are refused before they are expanded
spc-opt model.sdl
=== model.sdl
layer a(x: f32[4]) -> y: f32[4] { y = x; }
layer b(x: f32[4]) -> y: f32[4] { y = x |> a |> a; }
layer c(x: f32[4]) -> y: f32[4] { y = x |> b |> b; }
layer d(x: f32[4]) -> y: f32[4] { y = x |> c |> c; }
layer e(x: f32[4]) -> y: f32[4] { y = x |> d |> d; }
layer f(x: f32[4]) -> y: f32[4] { y = x |> e |> e; }
layer g(x: f32[4]) -> y: f32[4] { y = x |> f |> f; }
layer h(x: f32[4]) -> y: f32[4] { y = x |> g |> g; }
layer i(x: f32[4]) -> y: f32[4] { y = x |> h |> h; }
layer j(x: f32[4]) -> y: f32[4] { y = x |> i |> i; }
layer k(x: f32[4]) -> y: f32[4] { y = x |> j |> j; }
layer l(x: f32[4]) -> y: f32[4] { y = x |> k |> k; }
layer m(x: f32[4]) -> y: f32[4] { y = x |> l |> l; }
layer n(x: f32[4]) -> y: f32[4] { y = x |> m |> m; }
layer o(x: f32[4]) -> y: f32[4] { y = x |> n |> n; }
layer p(x: f32[4]) -> y: f32[4] { y = x |> o |> o; }
layer q(x: f32[4]) -> y: f32[4] { y = x |> p |> p; }
layer r(x: f32[4]) -> y: f32[4] { y = x |> q |> q; }
layer s(x: f32[4]) -> y: f32[4] { y = x |> r |> r; }
layer t(x: f32[4]) -> y: f32[4] { y = x |> s |> s; }
layer u(x: f32[4]) -> y: f32[4] { y = x |> t |> t; }
layer v(x: f32[4]) -> y: f32[4] { y = x |> u |> u; }
layer w(x: f32[4]) -> y: f32[4] { y = x |> v |> v; }
=== expect 1
model.sdl:17:7: error: the layer 'q' expands to 131070 operations; the limit is 100000
layer q(x: f32[4]) -> y: f32[4] { y = x |> p |> p; }
      ^
