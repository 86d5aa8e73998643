# Storages print as what they are made from; what follows from the tensor is left out.
spc-opt input.ir
=== input.ir
packing "a" of "a" : f32[64,64]{sell:4  pad=4 scale=64 ktile=32}
packing "b" of "b" : f32[64,32]{csr transposed pad=1}
packing "c" of "c" : f32[64,32]{csr rows=64 cols=32 nnz=12}
packing "d" of "d" : f32[64,32]{bsr:8x4}
packing "e" of "e" : bf16[8,4,4,16]{dense:8}
=== expect 0
packing "a" of "a" : f32[64,64]{sell:4 ktile=32 scale=64 pad=4}
packing "b" of "b" : f32[64,32]{csr transposed}
packing "c" of "c" : f32[64,32]{csr nnz=12}
packing "d" of "d" : f32[64,32]{bsr:8x4}
packing "e" of "e" : bf16[8,4,4,16]{dense:8}
