# an empty file
spc-opt model.sdl
=== model.sdl
=== expect 1
model.sdl:1:1: error: the file is empty; it needs at least a layer

^
