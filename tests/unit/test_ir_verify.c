/* The verifier: one broken module at least for every rule, and what must pass passes. */
#include "ir_text.h"
#include "ir/verify.h"

#define GRAPH(body) "dim n dim m graph @g { %0 = input \"x\" : f32[n,4] %1 = weight \"w\" [tensor=\"w\"] : f32[8,4] " body "}"
#define CONSTANT(body) "dim n constant @c { %0 = weight \"w\" [tensor=\"w\"] : f32[8,4] " body "}"
#define IMAGE(body) "dim n graph @g { %0 = input \"x\" : f32[n,6,6,4] %1 = weight \"w\" [tensor=\"w\"] : f32[8,3,3,4] %2 = weight \"d\" [tensor=\"d\"] : f32[3,3,4] " body "}"
#define ATTRS(other) " [stride=(1,1), " other "=(1,1), before=\"0;0\"] : "
#define KERNEL(body)                                                                                                  \
    "kernel @k { %0 = param \"b\" : buffer f32 %1 = param \"task\" : index %2 = param \"tasks\" : index "             \
    "%3 = const 1.0 : f32x4 %4 = const 1.0 : f32 %5 = const 1 : bool %6 = const 0 : i32x4 " body "}"
#define ENTRY(body)                                                                                                   \
    "packing \"w\" of \"w\" : f32[4,4]{csr} kernel @k { %0 = param \"b\" : buffer f32 %1 = param \"task\" : index "   \
    "%2 = param \"tasks\" : index } entry @e { %0 = param \"b\" : buffer f32 %1 = param \"n\" : index " body "}"

typedef struct broken {
    const char *text, *message;
} broken;

static const broken cases[] = {
    /* graph */
    {GRAPH("%2 = input \"x\" : f32[n]"), "input in @g: the name \"x\" is there already"},
    {"graph @g { %0 = input \"x\" : f32[4,4]{csr} }", "input in @g: an input with a storage"},
    {GRAPH("require [value=\"nothing\"]"), "require in @g:"},
    {GRAPH("require [value=\"4\", step=0]"), "require in @g: step is under 1"},
    {GRAPH("output %0 \"x\""), "output in @g: the name \"x\""},
    {GRAPH("output %0 \"y\" output %0 \"y\""), "output in @g: the name \"y\""},
    {GRAPH("%2 = fused %0 \"f\" : f32[n,4] { %3 = weight \"v\" [tensor=\"v\"] : f32[n,4] }"), "weight in @g: inside a body"},
    {GRAPH("%2 = weight \"v\" : f32[4]"), "weight in @g: lacks the attribute 'tensor'"},
    {GRAPH("%2 = fused %0 \"f\" : f32[n,4] { }"), "fused in @g: the body is empty"},
    {GRAPH("%2 = fused %0 \"f\" : f32[n,5] { %3 = arg [n=0] : f32[n,4] }"), "type f32[n,4] instead of f32[n,5]"},
    {GRAPH("%2 = fused %0 \"f\" : f32[n,4] { %3 = gelu %0 }"), "gelu in @g: argument 0 is not in scope"},
    {GRAPH("%2 = fused %0 \"f\" : f32[n,4] { %3 = arg [n=1] : f32[n,4] }"), "arg in @g: the fused op has no argument 1"},
    {GRAPH("%2 = fused %0 \"f\" : f32[n,5] { %3 = arg [n=0] : f32[n,5] }"), "arg in @g: of another type"},
    {GRAPH("%2 = arg [n=0] : f32[n,4]"), "arg in @g: outside fused"},
    {GRAPH("%2 = linear %0, %1 : f32[n,4]"), "linear in @g: the last axis of the result"},
    {GRAPH("%2 = linear %1, %0 : f32[8,4]"), "linear in @g"},
    {GRAPH("%2 = linear %0, %1 : f32[m,8]"), "linear in @g: axis 0 of x"},
    {GRAPH("%2 = linear %0, %1, %0 : f32[n,8]"), "linear in @g: the bias"},
    {GRAPH("%2 = linear %0, %1 : i32[n,8]"), "linear in @g: an integer result"},
    {GRAPH("%2 = matmul %0, %1 : f32[n,4]"), "matmul in @g: the inner extents differ"},
    {GRAPH("%2 = matmul %1, %0 : f32[8,4]"), "matmul in @g"},
    {GRAPH("%2 = add %0, %1 : f32[n,4]"), "add in @g: shapes do not broadcast"},
    {GRAPH("%2 = add %0, %0 : f32[n,1]"), "add in @g: shapes do not broadcast"},
    {GRAPH("%2 = const 1.0 : f32[] %3 = add %2, %2 : f32[1]"), "add in @g: shapes do not broadcast"},
    {GRAPH("%2 = add %0, %0 : f16[n,4]"), "add in @g: argument 0 has another dtype"},
    {GRAPH("%2 = eq %0, %0 : f32[n,4]"), "eq in @g: the result is not bool"},
    {GRAPH("%2 = select %0, %0, %0 : f32[n,4]"), "select in @g: the condition is not bool"},
    {GRAPH("%2 = cast %0 : i8[4,n]"), "cast in @g: shapes do not broadcast"},
    {GRAPH("%2 = const 1 : f32"), "const in @g: no tensor, in a graph"},
    {GRAPH("%2 = const 1.5 : i32[]"), "const in @g: a float value of an integer type"},
    {GRAPH("%2 = gelu %1 %3 = fma %2, %2, %2"), "fma in @g: does not belong"},
    {GRAPH("%2 = const 1 : f32[4-5]"), "const in @g: a negative extent"},
    {GRAPH("%2 = const 1 : f32[threads]"), "the dim 'threads', which is not declared"},
    {GRAPH("%2 = const 1 : i32[] %3 = sqrt %2"), "sqrt in @g: not of a float dtype"},
    /* images */
    {IMAGE("%3 = conv2d %0, %2" ATTRS("dilation") "f32[n,4,4,8]"), "conv2d in @g: w is not of rank 4"},
    {IMAGE("%3 = conv2d %0, %1" ATTRS("dilation") "f32[n,4,4,4]"), "conv2d in @g: the result has other channels"},
    {IMAGE("%3 = conv2d %0, %1" ATTRS("dilation") "f32[6,4,4,8]"), "conv2d in @g: axis 0 of the argument"},
    {IMAGE("%3 = conv2d %0, %1, %2" ATTRS("dilation") "f32[n,4,4,8]"), "conv2d in @g: the bias is not [out]"},
    {IMAGE("%3 = conv2d %0, %1 [stride=(1,0), dilation=(1,1), before=\"0;0\"] : f32[n,4,4,8]"), "conv2d in @g: stride is not in 1"},
    {IMAGE("%3 = conv2d %0, %1 [stride=(1,1), dilation=(1,1), before=\"0\"] : f32[n,4,4,8]"), "conv2d in @g: before is not 2"},
    {IMAGE("%3 = conv2d %0, %1" ATTRS("dilation") "i32[n,4,4,8]"), "conv2d in @g: an integer result"},
    {IMAGE("%3 = depthwise_conv2d %0, %1" ATTRS("dilation") "f32[n,4,4,4]"), "depthwise_conv2d in @g: w is not of rank 3"},
    {IMAGE("%3 = maxpool2d %0 [size=(2), stride=(1,1), before=\"0;0\"] : f32[n,3,3,4]"), "maxpool2d in @g: size is not a pair"},
    {IMAGE("%3 = maxpool2d %0" ATTRS("size") "f16[n,6,6,4]"), "maxpool2d in @g: of another dtype"},
    {IMAGE("%3 = maxpool2d %1" ATTRS("size") "f32[8,3,4]"), "maxpool2d in @g: no images"},
    {"graph @g { %0 = input \"x\" : i32[1,2,2,1] %1 = avgpool2d %0" ATTRS("size") "i32[1,2,2,1] }", "avgpool2d in @g: not of a float"},
    {IMAGE("%3 = resize_bilinear %0 [align, half_pixel] : f32[n,3,3,4]"), "resize_bilinear in @g: align and half_pixel"},
    {IMAGE("%3 = resize_bilinear %0 : f16[n,3,3,4]"), "resize_bilinear in @g: not of one float dtype"},
    /* along axes */
    {GRAPH("%2 = const 1 : i32[4] %3 = softmax %2"), "softmax in @g: not of a float dtype"},
    {GRAPH("%2 = const 1.0 : f32[] %3 = softmax %2"), "softmax in @g: a scalar has no last axis"},
    {GRAPH("%2 = layernorm %0, %1 [eps=0.1]"), "layernorm in @g: argument 1 is not [last axis]"},
    {GRAPH("%2 = const 1.0 : f32[4] %3 = const 1.0 : f32[n] %4 = layernorm %0, %2, %3 [eps=0.1]"),
     "layernorm in @g: argument 2 is not [last axis]"},
    {GRAPH("%2 = const 1 : i32[4] %3 = rmsnorm %0, %2 [eps=0.1]"), "rmsnorm in @g: argument 1 is not of a float dtype"},
    {GRAPH("%2 = const 1.0 : f32[4] %3 = rmsnorm %0, %2"), "rmsnorm in @g: lacks the attribute 'eps'"},
    {GRAPH("%2 = const 1.0 : f32[4] %3 = rmsnorm %0, %2 [eps=nan]"), "rmsnorm in @g: eps is not a number"},
    {GRAPH("%2 = sum %0 [axes=()] : f32[n,4]"), "sum in @g: over no axis"},
    {GRAPH("%2 = sum %0 [axes=(2)] : f32[n,4]"), "sum in @g: the argument has no axis 2"},
    {GRAPH("%2 = sum %0 [axes=(-1)] : f32[n]"), "sum in @g: the argument has no axis -1"},
    {GRAPH("%2 = sum %0 [axes=(1,0)] : f32[]"), "sum in @g: the axes do not ascend"},
    {GRAPH("%2 = sum %0 [axes=(0,0)] : f32[4]"), "sum in @g: the axes do not ascend"},
    {GRAPH("%2 = sum %0 [axes=(0)] : f32[n]"), "sum in @g: axis 1 of the argument is not in the result"},
    {GRAPH("%2 = sum %0 [axes=(0)] : f32[4,4]"), "sum in @g: the result has 2 axes instead of 1"},
    {GRAPH("%2 = sum %0 [axes=(0)] : f32[4]{dense}"), "sum in @g: a result with a storage"},
    {GRAPH("%2 = sum %0 [axes=(0)] : i32[4]"), "sum in @g: the result is not f32"},
    {GRAPH("%2 = const 1 : i8[4] %3 = sum %2 [axes=(0)] : i8[]"), "sum in @g: the result is not i32"},
    {GRAPH("%2 = const 1 : bool[4] %3 = sum %2 [axes=(0)] : i32[]"), "sum in @g: of bool"},
    {GRAPH("%2 = const 1 : i32[4] %3 = mean %2 [axes=(0)] : f32[]"), "mean in @g: not of a float dtype"},
    {GRAPH("%2 = mean %0 [axes=(0)] : f64[4]"), "mean in @g: the result is not f32"},
    {GRAPH("%2 = amax %0 [axes=(0)] : i32[4]"), "amax in @g: the result is not f32"},
    {GRAPH("%2 = const 1 : bool[4] %3 = amax %2 [axes=(0)] : bool[]"), "amax in @g: of bool"},
    {GRAPH("%2 = argmax %0 [axes=(0,1)] : i32[]"), "argmax in @g: not over one axis"},
    {GRAPH("%2 = argmax %0 [axes=(0)] : f32[4]"), "argmax in @g: the result is not i32"},
    /* shape */
    {GRAPH("%2 = reshape %0 : f32[n,5]"), "reshape in @g: 4*n elements become 5*n"},
    {GRAPH("%2 = reshape %0 : f32[m,4]"), "reshape in @g: 4*n elements become 4*m"},
    {GRAPH("%2 = reshape %0 : i32[n,4]"), "reshape in @g: argument 0 has another dtype"},
    {GRAPH("%2 = reshape %1 : f32[4,8]{csr}"), "reshape in @g: a result with a storage"},
    {GRAPH("%2 = reshape %0 : f32[4*n/3,4]"), "reshape in @g: 4*n elements become"},
    {GRAPH("%2 = transpose %0 [perm=(1)] : f32[4,n]"), "transpose in @g: 1 axes of 2"},
    {GRAPH("%2 = transpose %0 [perm=(1,1)] : f32[4,4]"), "transpose in @g: perm is no permutation"},
    {GRAPH("%2 = transpose %0 [perm=(2,0)] : f32[4,n]"), "transpose in @g: perm is no permutation"},
    {GRAPH("%2 = transpose %0 [perm=(1,0)] : f32[n,4]"), "transpose in @g: axis 0 of the result is not axis 1"},
    {GRAPH("%2 = concat %0, %0 [axis=2] : f32[2*n,4]"), "concat in @g: the result has no axis 2"},
    {GRAPH("%2 = concat %0, %1 [axis=1] : f32[n,8]"), "concat in @g: axis 0 of argument 1"},
    {GRAPH("%2 = concat %0, %1 [axis=0] : f32[n,4]"), "concat in @g: axis 0 of the arguments makes n + 8, not n"},
    {GRAPH("%2 = const 1.0 : f32[] %3 = concat %0, %2 [axis=0] : f32[n,4]"), "concat in @g: argument 1 has another rank"},
    {GRAPH("%2 = extent [value=\"n;n\"] : f32[]"), "extent in @g: value is not 1 extent"},
    {GRAPH("%2 = extent [value=\"n\"] : f32[4]"), "extent in @g: the result is no scalar"},
    {GRAPH("%2 = slice %0 [axis=2, from=\"0\"] : f32[n,4]"), "slice in @g: the result has no axis 2"},
    {GRAPH("%2 = slice %0 [axis=1, from=\"0\"] : f32[m,2]"), "slice in @g: axis 0 of argument 0"},
    {GRAPH("%2 = slice %0 [axis=1, from=\"3\"] : f32[n,2]"), "slice in @g: it ends behind the axis"},
    {GRAPH("%2 = slice %0 [axis=0, from=\"1\"] : f32[n,4]"), "slice in @g: it ends behind the axis"},
    {GRAPH("%2 = slice %0 [axis=1, from=\"0-1\"] : f32[n,2]"), "slice in @g: from is negative"},
    {GRAPH("%2 = slice %0 [axis=1, from=\"q\"] : f32[n,2]"), "slice in @g: from is not 1 extent"},
    {GRAPH("%2 = slice %0 [axis=1, from=\"1;1\"] : f32[n,2]"), "slice in @g: from is not 1 extent"},
    {GRAPH("%2 = slice %0 [axis=1, from=\"threads\"] : f32[n,2]"), "the dim 'threads', which is not declared"},
    {GRAPH("%2 = take %1 [axis=0, kept=(1,2)] : f32[2,4]"), "take in @g: stands in constants only"},
    {CONSTANT("%1 = take %0 [axis=2, kept=(1,2)] : f32[2,4] output %1 \"w\""), "take in @c: the result has no axis 2"},
    {CONSTANT("%1 = take %0 [axis=0, kept=(1,2)] : f32[2,5] output %1 \"w\""), "take in @c: axis 1 of argument 0"},
    {CONSTANT("%1 = take %0 [axis=0, kept=(1,2)] : f32[3,4] output %1 \"w\""), "take in @c: the result's extent is not"},
    {CONSTANT("%1 = take %0 [axis=0, kept=(1,8)] : f32[2,4] output %1 \"w\""), "take in @c: place 1 of kept is out of"},
    {CONSTANT("%1 = take %0 [axis=0, kept=(2,2)] : f32[2,4] output %1 \"w\""), "take in @c: place 1 of kept is out of"},
    {CONSTANT(""), "function in @c: a constant ends with its output"},
    {CONSTANT("output %0 \"a\" output %0 \"b\""), "output in @c: does not belong into a constant"},
    {CONSTANT("%1 = input \"x\" : f32[4] output %1 \"w\""), "input in @c: does not belong into a constant"},
    {CONSTANT("%1 = const 1.0 : f32[n] output %1 \"w\""), "output in @c: the extents of a constant are known"},
    {GRAPH("%2 = pad %0 [before=\"0\"] : f32[n,5]"), "pad in @g: before is not 2 extents"},
    {GRAPH("%2 = pad %0 [before=\"0;-1\"] : f32[n,5]"), "pad in @g: before is negative"},
    {GRAPH("%2 = pad %0 [before=\"0;2\"] : f32[n,5]"), "pad in @g: axis 1 of the result has no room"},
    {GRAPH("%2 = pad %0 [before=\"0;0\"] : f32[n]"), "pad in @g: argument 0 has another rank"},
    /* values */
    {KERNEL("%7 = add %3, %4 : f32x4"), "add in @k: argument 1 is of another kind"},
    {KERNEL("%7 = add %5, %5 : bool"), "add in @k: arithmetic on bool"},
    {KERNEL("%7 = add %3, %3 : f32x8"), "add in @k: argument 0 has other lanes"},
    {KERNEL("%7 = rem %4, %4"), "rem in @k: not of an integer dtype"},
    {KERNEL("%7 = fma %3, %3, %4"), "fma in @k: argument 2 is of another kind"},
    {KERNEL("%7 = round %6"), "round in @k: not of a float dtype"},
    {KERNEL("%7 = xor %3, %3"), "xor in @k: bitwise on floats"},
    {KERNEL("%7 = lt %3, %6 : boolx4"), "lt in @k: the arguments differ in dtype"},
    {KERNEL("%7 = select %5, %3, %3 : f32x4"), "select in @k: argument 0 is of another kind"},
    {KERNEL("%7 = cast %3 : f16x8"), "cast in @k: argument 0 has other lanes"},
    {KERNEL("%7 = bitcast %3 : f64x4"), "bitcast in @k: of another size"},
    {KERNEL("%7 = bitcast %5 : i8"), "bitcast in @k: bool has no fixed bits"},
    {KERNEL("%7 = splat %3 : f32x8"), "splat in @k: not from scalar to vector"},
    {KERNEL("%7 = splat %4 : f16x8"), "splat in @k: changes the dtype"},
    {KERNEL("%7 = iota : f32x4"), "iota in @k: not an integer vector"},
    {KERNEL("%7 = extract %3 [lane=4]"), "extract in @k: the vector has no lane 4"},
    {KERNEL("%7 = extract %4 [lane=0]"), "extract in @k: not on a vector"},
    {KERNEL("%7 = insert %3, %3 [lane=0]"), "insert in @k: the element is not a scalar"},
    {KERNEL("%7 = shuffle %3, %3 [mask=(0,8)] : f32x2"), "shuffle in @k: lane 8 of the mask"},
    {KERNEL("%7 = shuffle %3, %3 [mask=(0,-1)] : f32x2"), "shuffle in @k: lane -1 of the mask"},
    {KERNEL("%7 = shuffle %3, %3 [mask=(0,1)] : f32x4"), "shuffle in @k: the mask has 2 lanes"},
    {KERNEL("%7 = shuffle %3, %6 [mask=(0,1)] : f32x2"), "shuffle in @k: the arguments differ in type"},
    {KERNEL("%7 = permute %3, %3"), "permute in @k"},
    {KERNEL("%7 = permute2 %3, %3, %3"), "permute2 in @k"},
    {KERNEL("%7 = reduce_add %4"), "reduce_add in @k: not on a vector"},
    {KERNEL("%7 = tailmask %4 : boolx4"), "tailmask in @k: the count is not an index"},
    {KERNEL("%7 = tailmask %1 : i8x4"), "tailmask in @k: the result is not bool"},
    {KERNEL("%7 = reg : reg f32 %8 = opaque %7"), "opaque"},
    /* memory and control */
    {KERNEL("%7 = param \"b\" : index"), "param in @k: the name \"b\" is there already"},
    {KERNEL("%7 = param \"c\" : f32"), "param in @k: neither index nor buffer"},
    {KERNEL("if %5 { %7 = param \"c\" : index }"), "param in @k: inside a body"},
    {KERNEL("%7 = load %4, 0 : f32"), "load in @k: argument 0 is no buffer"},
    {KERNEL("%7 = load %0, %4 : f32"), "load in @k: argument 1 is no index"},
    {KERNEL("%7 = load %0, 0 : f16"), "load in @k: of another dtype"},
    {KERNEL("%7 = load %0, 0 [align=3] : f32"), "load in @k: align is no power of two"},
    {KERNEL("%7 = load %0, 0, %5 : f32x4"), "load in @k: the mask is not bool of the value's lanes"},
    {KERNEL("store %6, %0, 0"), "store in @k: of another dtype"},
    {KERNEL("%7 = subbuffer %0, %4 : buffer u8"), "subbuffer in @k: argument 1 is no index"},
    {KERNEL("%7 = gather %0, %3 : f32x4"), "gather in @k: the indices"},
    {KERNEL("%7 = gather %0, %6 : f32x8"), "gather in @k: the indices"},
    {KERNEL("prefetch %0, 0 [locality=4]"), "prefetch in @k: locality"},
    {KERNEL("%7 = reg : f32"), "reg in @k: the type is no reg"},
    {KERNEL("%7 = reg : reg f32x4 set %7, %4"), "set in @k: the value is of another type"},
    {KERNEL("set %4, %4"), "set in @k: argument 0 is no reg"},
    {KERNEL("%7 = for 0, 4, 0 { }"), "for in @k: the step is not positive"},
    {KERNEL("%7 = for 0, %4, 1 { }"), "for in @k: argument 1 is no index"},
    {KERNEL("%7 = for 0, 4, 1 { } %8 = add %7, %7 : index"), "add in @k: argument 0 is not in scope"},
    {KERNEL("%7 = for 0, 4, 1 { %8 = neg %4 } %9 = neg %8"), "neg in @k: argument 0 is not in scope"},
    {KERNEL("if %5 { %8 = neg %4 } else { %9 = neg %8 }"), "neg in @k: argument 0 is not in scope"},
    {KERNEL("if %1 { }"), "if in @k: the condition is no bool scalar"},
    {"kernel @k { %0 = param \"task\" : index }", "function in @k: a kernel's last two params"},
    /* entries */
    {ENTRY("%2 = cpu_has [features=\"avx9\"] : bool"), "cpu_has in @e"},
    {ENTRY("%2 = cpu_has [features=\"avx2\"] : index"), "cpu_has in @e: the result is no bool"},
    {ENTRY("check %1 [status=1]"), "check in @e: the condition is no bool"},
    {ENTRY("%2 = lt 0, %1 : bool check %2 [status=0]"), "check in @e: no status 0"},
    {ENTRY("%2 = lt 0, %1 : bool %3 = scratch 8 : buffer u8 check %2 [status=1]"), "check in @e: after scratch"},
    {ENTRY("%2 = scratch 8 : buffer u8 %3 = scratch 8 : buffer u8"), "scratch in @e: twice"},
    {ENTRY("%2 = scratch 8 : buffer f32"), "scratch in @e: the result is not buffer u8"},
    {ENTRY("%2 = lt 0, %1 : bool if %2 { %3 = scratch 8 : buffer u8 }"), "scratch in @e: inside a body"},
    {ENTRY("%2 = data \"w\" : buffer f32"), "data in @e: \"w\" is not PACKING/ARRAY"},
    {ENTRY("%2 = data \"v/values\" : buffer f32"), "data in @e: there is no packing"},
    {ENTRY("%2 = bound \"w/perm\" [index=0] : buffer u32"), "bound in @e: the packing has no array \"perm\""},
    {ENTRY("%2 = bound \"w/values\" [index=-1] : buffer f32"), "bound in @e: a negative index"},
    {ENTRY("%2 = data \"w/perm\" : buffer u32"), "data in @e: the packing has no array \"perm\""},
    {ENTRY("launch 1, %0 \"j\""), "launch in @e: there is no kernel @j"},
    {ENTRY("launch %0, %0 \"k\""), "launch in @e: the number of tasks is no index"},
    {ENTRY("launch 1 \"k\""), "launch in @e: @k takes 3 params, here are 2"},
    {ENTRY("launch 1, %1 \"k\""), "launch in @e: argument 1 is not of the type"},
};
enum { CASES = sizeof cases / sizeof *cases };

static void test_breaches(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        fixture f = fixture_new();
        const char *text = cases[i].text;
        if (fixture_parse(&f, text)) {
            /* what already the parser refuses has its place there; only opaque's argument is such a case */
            assert_string_equal(cases[i].message, "opaque");
        } else {
            if (ir_verify(f.module, "tile") != SPC_E_INTERNAL) fail_msg("not found: %s", text);
            assert_contains(fixture_messages(&f), "internal error after tile: ");
            assert_contains(fixture_messages(&f), cases[i].message);
            assert_int_equal(ir_error_count(f.module->diags), 1);
        }
        fixture_free(&f);
    }
}

static void test_preludes_pass(void **state)
{
    (void)state;
    const char *good[] = {
        GRAPH(""), KERNEL(""), ENTRY("launch 1, %0 \"k\""),
        /* extents that a division made, both ways; starts that only the call can check */
        GRAPH("%2 = reshape %0 : f32[4*n/3,3] %3 = reshape %2 : f32[2*n,2]"),
        GRAPH("%2 = slice %0 [axis=0, from=\"m\"] : f32[m,4] %3 = pad %2 [before=\"n; 0\"] : f32[m,4]"),
        GRAPH("%2 = const 1.0 : f32[] %3 = pad %2 [before=\"\"] : f32[] %4 = reshape %3 : f32[1,1]"),
        GRAPH("%2 = const 1.0 : f16[4] %3 = layernorm %0, %2, %2 [eps=1]"),
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        fixture f = fixture_new();
        if (fixture_parse(&f, good[i]) || ir_verify(f.module, "test")) fail_msg("%s", fixture_messages(&f));
        fixture_free(&f);
    }
}

/* Every rule of verify.def has a case above, but for ops that nothing can be wrong with. */
static void test_every_rule_has_a_case(void **state)
{
    (void)state;
    for (int op = 0; op < IR_OP_COUNT; op++) {
        bool covered = op == IR_OP_threads || op == IR_OP_get; /* get's argument is checked with its result */
        for (int other = 0; other < IR_OP_COUNT && !covered; other++) {
            if (ir_verify_rule_of((ir_opcode)other) != ir_verify_rule_of((ir_opcode)op)) continue;
            size_t len = strlen(ir_info((ir_opcode)other)->name);
            for (int i = 0; i < CASES; i++)
                if (strncmp(cases[i].message, ir_info((ir_opcode)other)->name, len) == 0) covered = true;
        }
        if (!covered) fail_msg("no broken example for %s", ir_info((ir_opcode)op)->name);
    }
}

/* ---- what no text can say ---- */

typedef void breaker(ir_module *, ir_op *first, ir_op *second);

static void break_prev(ir_module *m, ir_op *first, ir_op *second) { (void)m, (void)first, second->prev = NULL; }
static void break_last(ir_module *m, ir_op *first, ir_op *second) { (void)second, m->funcs->body.last = first; }
static void break_order(ir_module *m, ir_op *first, ir_op *second)
{
    ir_unlink(&m->funcs->body, first);
    ir_append(&m->funcs->body, first);
    (void)second;
}
static void break_name(ir_module *m, ir_op *first, ir_op *second) { (void)m, (void)second, first->name = NULL; }
static void break_named(ir_module *m, ir_op *first, ir_op *second) { (void)m, (void)first, second->name = "x"; }
static void break_args(ir_module *m, ir_op *first, ir_op *second) { (void)m, (void)first, second->nargs = 0; }
static void break_null(ir_module *m, ir_op *first, ir_op *second) { (void)m, (void)first, second->args[0] = NULL; }
static void break_type(ir_module *m, ir_op *first, ir_op *second) { (void)first, second->type = ir_type_with_dtype(m, second->type, IR_F64); }
static void break_code(ir_module *m, ir_op *first, ir_op *second) { (void)m, (void)first, second->code = (ir_opcode)999; }
static void break_body(ir_module *m, ir_op *first, ir_op *second)
{
    (void)first;
    ir_build0(&(ir_builder){m, &second->body, {0}}, IR_OP_const, second->type);
}
static void break_attr_kind(ir_module *m, ir_op *first, ir_op *second)
{
    (void)first;
    second->attrs = IR_NEW(m->arena, ir_attr);
    *second->attrs = (ir_attr){.key = "slope", .kind = IR_ATTR_STR, .s = "1"};
}
static void break_attr_key(ir_module *m, ir_op *first, ir_op *second)
{
    break_attr_kind(m, first, second);
    second->attrs->key = "slop";
}
static void break_attr_missing(ir_module *m, ir_op *first, ir_op *second) { (void)m, (void)first, second->nattrs = 0; }
static void break_dim(ir_module *m, ir_op *first, ir_op *second) { (void)first, (void)second, m->dims->step = 0; }
static void break_funcs(ir_module *m, ir_op *first, ir_op *second) { (void)first, (void)second, ir_func_new(m, IR_GRAPH, "g"); }

static void test_broken_structures(void **state)
{
    static const struct {
        breaker *apply;
        const char *message;
    } breakers[] = {
        {break_prev, "list of ops"}, {break_last, "list of ops"}, {break_order, "not in scope"}, {break_name, "has no name"},
        {break_named, "has a name"}, {break_args, "0 arguments"}, {break_null, "argument 0 is missing"},
        {break_type, "type f64[n] instead of f32[n]"}, {break_code, "no known code"}, {break_body, "has a body"},
        {break_attr_kind, "wrong kind"}, {break_attr_key, "no attribute 'slop'"}, {break_attr_missing, "lacks the attribute 'slope'"},
        {break_dim, "the dim 'n' has no value"}, {break_funcs, "two functions"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof breakers / sizeof *breakers; i++) {
        fixture f = fixture_new();
        const char *text = "dim n graph @g { %0 = input \"x\" : f32[n] %1 = leaky_relu %0 [slope=0.5] }";
        assert_int_equal(fixture_parse(&f, text), SPC_OK);
        assert_int_equal(ir_verify(f.module, "before"), SPC_OK);
        ir_op *first = f.module->funcs->body.first;
        breakers[i].apply(f.module, first, first->next);
        assert_int_equal(ir_verify(f.module, "after"), SPC_E_INTERNAL);
        assert_contains(fixture_messages(&f), breakers[i].message);
        fixture_free(&f);
    }
}

static void test_marks_are_left_clear(void **state)
{
    (void)state;
    fixture f = fixture_new();
    assert_int_equal(fixture_parse(&f, "graph @g { %0 = input \"x\" : f32[4] %1 = gelu %0 %2 = add %1, %0 : f32[5] }"), 0);
    assert_int_equal(ir_verify(f.module, "test"), SPC_E_INTERNAL);
    for (ir_op *op = f.module->funcs->body.first; op; op = op->next) assert_null(op->mark);
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_breaches),          cmocka_unit_test(test_preludes_pass),
        cmocka_unit_test(test_every_rule_has_a_case), cmocka_unit_test(test_broken_structures),
        cmocka_unit_test(test_marks_are_left_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
