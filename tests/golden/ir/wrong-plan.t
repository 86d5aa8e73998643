# Errors of a plan name the term and its legal values.
spc-opt --all '--plan=@f.0 store=coo' input.ir
=== input.ir
graph @f {
}
=== expect 1
plan:1:12: error: 'coo' is no value of store=; legal: dense[:R], csr, window:R:WxS, swindow:R:WxS, sell:R[:SIGMA], zip:R[:SIGMA], alike:R, bsr:RxC, bsc:RxC, nm:N:M[:R], rows:R, columns:R, band:LO:HI
@f.0 store=coo
           ^~~
