# The first error has its place and a caret.
spc-opt input.ir
=== input.ir
graph @f {
	%0 = input "x" : f32[n]
}
=== expect 1
input.ir:2:23: error: expected an extent over declared dims, without overflow
	%0 = input "x" : f32[n]
	                     ^
