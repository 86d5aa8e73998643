# Every CPU that is known is listed.
spc-opt --all --cpu=i486 input.ir
=== input.ir
graph @f {
}
=== expect 2
spc-opt: unknown CPU 'i486'; known are native, x86-64-v2, sandybridge, x86-64-v3, haswell, broadwell, skylake, znver1, znver2, znver3, alderlake, x86-64-v4, skylake-avx512, cascadelake, cooperlake, icelake-server, znver4, znver5, sapphirerapids, emeraldrapids, graniterapids
