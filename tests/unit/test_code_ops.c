/* Every op of kernels, on every dtype and several widths, compiled by every backend for every target that this CPU runs, against the
 * interpreter. Floats must agree to the bit, but for the sign of zeros and the payload of NaNs. */
#include "tests/unit/code_text.h"
#include <math.h>

enum { INPUTS = 3, LANES = 64, REGION = LANES * 8, MOST_RESULTS = 400, OUT_BYTES = 1 << 18 };

typedef struct result {
    char label[96];
    ir_dtype dtype;
    int lanes;
    size_t offset;
} result;

/* A kernel in the making: values are loaded from param %0, results go to param %1. */
typedef struct bench {
    char text[1 << 17];
    size_t used;
    int next; /* value number */
    int results;
    result result[MOST_RESULTS];
    size_t out; /* bytes taken in the output */
} bench;

static uint8_t inputs[IR_DTYPE_COUNT * INPUTS * REGION] __attribute__((aligned(64)));

static const int widths[] = {1, 4, 8, 16, 32};
#define EACH_WIDTH(lanes) for (int w_ = 0, lanes; w_ < 5 && (lanes = widths[w_]); w_++)
#define EACH_DTYPE(d) for (ir_dtype d = IR_F32; d < IR_DTYPE_COUNT; d++) if (d != IR_I4)

/* ---- input values ---- */

static uint64_t random_bits(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 16 ^ *seed << 40;
}

static const double special[] = {0, -0.0, 1, -1, 0.5, 1.5, 2.5, -2.5, 3.25, 127.5, 128.5, -128.5, 255.5, 256, 32767.5,
                                 65504, 65519.9, 65520, 70000, 1e-5, 6e-8, 2.9e-8, 3e-8, 1e-20, 1e30, -1e30, 3.4e38,
                                 INFINITY, -INFINITY, NAN, 2147483647.0, 2147483648.0, -2147483649.0, 1.00390625,
                                 1.0058594, 1.01171875, 0.333333333333, 1e300, 9.2233720368547758e18};

static uint16_t half_of(double value, int mantissa_bits)
{
    union { float f; uint32_t u; } bits = {(float)value};
    if (mantissa_bits == 7)
        return (uint16_t)(bits.u >> 16);
    union { _Float16 f; uint16_t u; } half = {(_Float16)value};
    return half.u;
}

static void put_float(ir_dtype d, void *at, double value)
{
    union { float f; double d; uint16_t u; } v = {.d = value};
    if (d == IR_F32)
        v.f = (float)value;
    else if (d != IR_F64)
        v.u = half_of(value, d == IR_F16 ? 10 : 7);
    memcpy(at, &v, (size_t)ir_dtype_of(d)->bytes);
}

static void *input_at(ir_dtype d, int which) { return inputs + ((size_t)d * INPUTS + (size_t)which) * REGION; }

/* Each dtype: some special values, small integers, arbitrary bits. */
static void fill_inputs(void)
{
    uint64_t seed = 20240607;
    EACH_DTYPE(d)
        for (int which = 0; which < INPUTS; which++)
            for (int i = 0; i < LANES; i++) {
                size_t bytes = (size_t)ir_dtype_of(d)->bytes;
                uint8_t *at = (uint8_t *)input_at(d, which) + (size_t)i * bytes;
                uint64_t bits = random_bits(&seed);
                if (d == IR_BOOL)
                    bits &= 1;
                else if (i % 4 == 3)
                    bits = (uint64_t)((int64_t)(bits % 17) - 8);
                memcpy(at, &bits, bytes);
                if (ir_is_float(d) && i % 4 < 2)
                    put_float(d, at, special[random_bits(&seed) % (sizeof special / sizeof *special)]);
                else if (ir_is_float(d) && i % 4 == 3)
                    put_float(d, at, (double)(int64_t)bits);
            }
}

/* ---- building ---- */

__attribute__((format(printf, 2, 3))) static void add(bench *b, const char *fmt, ...)
{
    va_list list;
    va_start(list, fmt);
    b->used += (size_t)vsnprintf(b->text + b->used, sizeof b->text - b->used, fmt, list);
    va_end(list);
    assert_true(b->used < sizeof b->text);
}

static bench *bench_new(void)
{
    bench *b = calloc(1, sizeof *b);
    add(b, "kernel @k {\n %%0 = param \"x\" : buffer u8\n %%1 = param \"z\" : buffer u8\n"
           " %%2 = param \"task\" : index\n %%3 = param \"tasks\" : index\n");
    b->next = 4;
    return b;
}

static const char *type_text(ir_dtype d, int lanes)
{
    static char text[8][16];
    static int turn;
    char *out = text[turn++ % 8];
    if (lanes == 1)
        snprintf(out, 16, "%s", ir_dtype_of(d)->name);
    else
        snprintf(out, 16, "%sx%d", ir_dtype_of(d)->name, lanes);
    return out;
}

static int input(bench *b, ir_dtype d, int lanes, int which)
{
    int buffer = b->next++, value = b->next++;
    add(b, " %%%d = subbuffer %%0, %td : buffer %s\n", buffer, (uint8_t *)input_at(d, which) - inputs,
        ir_dtype_of(d)->name);
    add(b, " %%%d = load %%%d, 0 : %s\n", value, buffer, type_text(d, lanes));
    return value;
}

static void output(bench *b, int value, ir_dtype d, int lanes, const char *label)
{
    int buffer = b->next++;
    result *r = &b->result[b->results++];
    assert_true(b->results < MOST_RESULTS && b->out + REGION <= OUT_BYTES);
    *r = (result){.dtype = d, .lanes = lanes, .offset = b->out};
    snprintf(r->label, sizeof r->label, "%s", label);
    add(b, " %%%d = subbuffer %%1, %zu : buffer %s\n store %%%d, %%%d, 0\n", buffer, b->out, ir_dtype_of(d)->name,
        value, buffer);
    b->out += REGION;
}

/* An op of up to three values of one type; its type is written where ops.def wants it. */
static void apply(bench *b, ir_opcode code, ir_dtype d, int lanes, ir_dtype to, int nargs, const int *args,
                  const char *attrs)
{
    const ir_op_info *info = ir_info(code);
    int value = b->next++;
    char label[96];
    add(b, " %%%d = %s", value, info->name);
    for (int i = 0; i < nargs; i++)
        add(b, "%s %%%d", i ? "," : "", args[i]);
    add(b, "%s", attrs);
    if (info->result == IR_RESULT_GIVEN)
        add(b, " : %s", type_text(to, lanes));
    add(b, "\n");
    snprintf(label, sizeof label, "%s %s -> %s%s", info->name, type_text(d, lanes), type_text(to, lanes), attrs);
    output(b, value, to, lanes, label);
}

/* ---- comparing ---- */

static double float_at(ir_dtype d, const uint8_t *at)
{
    union { float f; double d; uint16_t u; uint32_t w; _Float16 h; } v = {0};
    memcpy(&v, at, (size_t)ir_dtype_of(d)->bytes);
    if (d == IR_F32)
        return v.f;
    if (d == IR_F64)
        return v.d;
    if (d == IR_F16)
        return (double)v.h;
    v.w = (uint32_t)v.u << 16;
    return v.f;
}

/* The hardware's conversion to bf16 flushes subnormals, which the language allows. */
static bool same(ir_dtype d, const uint8_t *a, const uint8_t *b)
{
    if (memcmp(a, b, (size_t)ir_dtype_of(d)->bytes) == 0)
        return true;
    if (!ir_is_float(d))
        return false;
    double x = float_at(d, a), y = float_at(d, b);
    return x == y || (isnan(x) && isnan(y)) || (d == IR_BF16 && fabs(x) < 0x1p-126 && fabs(y) < 0x1p-126);
}

static void compare(const bench *b, const uint8_t *got, const uint8_t *want, const char *target)
{
    for (int i = 0; i < b->results; i++) {
        const result *r = &b->result[i];
        for (int lane = 0; lane < r->lanes; lane++) {
            size_t at = r->offset + (size_t)lane * (size_t)ir_dtype_of(r->dtype)->bytes;
            if (same(r->dtype, got + at, want + at))
                continue;
            if (ir_is_float(r->dtype))
                fail_msg("%s %s: %s: lane %d is %a, not %a", code_backend->name, target, r->label, lane, float_at(r->dtype, got + at),
                         float_at(r->dtype, want + at));
            fail_msg("%s %s: %s: lane %d is %02x.., not %02x..", code_backend->name, target, r->label, lane, got[at], want[at]);
        }
    }
}

/* Interprets, compiles for each target, compares; takes the bench. */
static void check(bench *b)
{
    static uint8_t want[OUT_BYTES + 64] __attribute__((aligned(64))), got[OUT_BYTES + 64] __attribute__((aligned(64)));
    uint64_t words[4] = {(uint64_t)(uintptr_t)inputs, (uint64_t)(uintptr_t)want, 0, 1};
    ir_arena *arena = ir_arena_new(0);
    ir_target target;
    int ran = 0;

    add(b, "}\n");
    ir_module *m = parse_text(arena, b->text);
    memset(want, 0xee, sizeof want);
    assert_int_equal(interp_kernel(m, m->funcs, words, 0, 1, NULL), SPC_OK);
    for (int i = 0; code_target(i, &target); i++) {
        if (!target.name)
            continue;
        be_image *image = code_load_module(m, &target, NULL);
        memset(got, 0xee, sizeof got);
        words[1] = (uint64_t)(uintptr_t)got;
        rt_call_words(code_function(image, "spck_k"), words, 4);
        compare(b, got, want, target.name);
        code_unload_module(image);
        ran++;
    }
    assert_true(ran > 0);
    ir_arena_free(arena);
    free(b);
}

/* ---- the ops ---- */

static int set_up(void **state)
{
    (void)state;
    fill_inputs();
    return 0;
}

static void test_float_arithmetic(void **state)
{
    static const ir_opcode unary[] = {IR_OP_neg, IR_OP_abs, IR_OP_sqrt, IR_OP_round};
    static const ir_opcode binary[] = {IR_OP_add, IR_OP_sub, IR_OP_mul, IR_OP_div, IR_OP_max, IR_OP_min};
    (void)state;
    for (ir_dtype d = IR_F32; d <= IR_F64; d++) {
        if (d != IR_F32 && d != IR_F64)
            continue;
        bench *b = bench_new();
        EACH_WIDTH(lanes) {
            int args[2] = {input(b, d, lanes, 0), input(b, d, lanes, 1)};
            for (size_t i = 0; i < sizeof unary / sizeof *unary; i++)
                apply(b, unary[i], d, lanes, d, 1, args, "");
            for (size_t i = 0; i < sizeof binary / sizeof *binary; i++)
                apply(b, binary[i], d, lanes, d, 2, args, "");
        }
        check(b);
    }
}

/* The form of max and min that folds to one instruction: a NaN must win from either side of a constant. */
static void test_extremes_with_constants(void **state)
{
    (void)state;
    bench *b = bench_new();
    EACH_WIDTH(lanes) {
        int x = input(b, IR_F32, lanes, 0), c = b->next++;
        add(b, " %%%d = const 0.5 : %s\n", c, type_text(IR_F32, lanes));
        apply(b, IR_OP_max, IR_F32, lanes, IR_F32, 2, (int[]){x, c}, "");
        apply(b, IR_OP_max, IR_F32, lanes, IR_F32, 2, (int[]){c, x}, "");
        apply(b, IR_OP_min, IR_F32, lanes, IR_F32, 2, (int[]){x, c}, "");
        apply(b, IR_OP_min, IR_F32, lanes, IR_F32, 2, (int[]){c, x}, "");
    }
    check(b);
}

/* On small integers, as fma may round twice. */
static void test_fma(void **state)
{
    (void)state;
    bench *b = bench_new();
    for (ir_dtype d = IR_F32; d <= IR_F64; d++) {
        if (d != IR_F32 && d != IR_F64)
            continue;
        EACH_WIDTH(lanes) {
            int args[3];
            for (int i = 0; i < 3; i++) {
                int narrow = input(b, IR_I8, lanes, i);
                args[i] = b->next++;
                add(b, " %%%d = cast %%%d : %s\n", args[i], narrow, type_text(d, lanes));
            }
            apply(b, IR_OP_fma, d, lanes, d, 3, args, "");
        }
    }
    check(b);
}

static void test_integer_arithmetic(void **state)
{
    static const ir_opcode binary[] = {IR_OP_add, IR_OP_sub, IR_OP_mul, IR_OP_max, IR_OP_min,
                                       IR_OP_and, IR_OP_or, IR_OP_xor};
    (void)state;
    EACH_DTYPE(d) {
        if (ir_is_float(d) || d == IR_BOOL)
            continue;
        bench *b = bench_new();
        EACH_WIDTH(lanes) {
            int args[2] = {input(b, d, lanes, 0), input(b, d, lanes, 1)};
            for (size_t i = 0; i < sizeof binary / sizeof *binary; i++)
                apply(b, binary[i], d, lanes, d, 2, args, "");
            apply(b, IR_OP_not, d, lanes, d, 1, args, "");
            if (ir_dtype_of(d)->class == 'S') {
                apply(b, IR_OP_neg, d, lanes, d, 1, args, "");
                apply(b, IR_OP_abs, d, lanes, d, 1, args, "");
            }
        }
        check(b);
    }
}

static void test_shifts_and_division(void **state)
{
    (void)state;
    EACH_DTYPE(d) {
        if (ir_is_float(d) || d == IR_BOOL)
            continue;
        bench *b = bench_new();
        EACH_WIDTH(lanes) {
            int a = input(b, d, lanes, 0), by = input(b, d, lanes, 1), most = b->next++, count = b->next++;
            add(b, " %%%d = const %d : %s\n", most, 8 * ir_dtype_of(d)->bytes - 1, type_text(d, lanes));
            add(b, " %%%d = and %%%d, %%%d : %s\n", count, by, most, type_text(d, lanes));
            apply(b, IR_OP_shl, d, lanes, d, 2, (int[]){a, count}, "");
            apply(b, IR_OP_shr, d, lanes, d, 2, (int[]){a, count}, "");
            if (d == IR_INDEX && lanes == 1)
                for (int i = -7; i < 8; i += 3) {
                    int divisor = b->next++;
                    add(b, " %%%d = const %d : index\n", divisor, i);
                    apply(b, IR_OP_div, d, lanes, d, 2, (int[]){a, divisor}, "");
                    apply(b, IR_OP_rem, d, lanes, d, 2, (int[]){a, divisor}, "");
                }
        }
        check(b);
    }
}

static void test_compare_and_select(void **state)
{
    static const ir_opcode codes[] = {IR_OP_eq, IR_OP_ne, IR_OP_lt, IR_OP_le, IR_OP_gt, IR_OP_ge};
    (void)state;
    EACH_DTYPE(d) {
        bench *b = bench_new();
        EACH_WIDTH(lanes) {
            int x = input(b, d, lanes, 0), y = input(b, d, lanes, 1), c = input(b, IR_BOOL, lanes, 2);
            for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
                apply(b, codes[i], d, lanes, IR_BOOL, 2, (int[]){x, y}, "");
            apply(b, IR_OP_eq, d, lanes, IR_BOOL, 2, (int[]){x, x}, "");
            apply(b, IR_OP_select, d, lanes, d, 3, (int[]){c, x, y}, "");
        }
        check(b);
    }
}

static void test_logic(void **state)
{
    (void)state;
    bench *b = bench_new();
    EACH_WIDTH(lanes) {
        int args[2] = {input(b, IR_BOOL, lanes, 0), input(b, IR_BOOL, lanes, 1)};
        apply(b, IR_OP_and, IR_BOOL, lanes, IR_BOOL, 2, args, "");
        apply(b, IR_OP_or, IR_BOOL, lanes, IR_BOOL, 2, args, "");
        apply(b, IR_OP_xor, IR_BOOL, lanes, IR_BOOL, 2, args, "");
        apply(b, IR_OP_not, IR_BOOL, lanes, IR_BOOL, 1, args, "");
    }
    check(b);
}

static void test_cast(void **state)
{
    (void)state;
    EACH_DTYPE(from) {
        bench *b = bench_new();
        EACH_WIDTH(lanes)
            EACH_DTYPE(to)
                for (int which = 0; which < (lanes > 8 ? 3 : 1); which++)
                    apply(b, IR_OP_cast, from, lanes, to, 1, (int[]){input(b, from, lanes, which)}, "");
        check(b);
    }
}

static void test_bitcast(void **state)
{
    static const ir_dtype pairs[][2] = {{IR_F32, IR_I32}, {IR_F32, IR_U32}, {IR_U32, IR_F32}, {IR_F64, IR_I64},
                                        {IR_I64, IR_F64}, {IR_BF16, IR_U16}, {IR_U16, IR_F16}, {IR_I8, IR_U8}};
    (void)state;
    bench *b = bench_new();
    EACH_WIDTH(lanes)
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
            apply(b, IR_OP_bitcast, pairs[i][0], lanes, pairs[i][1], 1, (int[]){input(b, pairs[i][0], lanes, 0)}, "");
    check(b);
}

static void test_lanes(void **state)
{
    (void)state;
    EACH_DTYPE(d) {
        bench *b = bench_new();
        EACH_WIDTH(lanes) {
            int vector = input(b, d, lanes, 0), scalar = input(b, d, 1, 1);
            char attrs[32];
            apply(b, IR_OP_opaque, d, lanes, d, 1, &vector, "");
            if (lanes == 1)
                continue;
            apply(b, IR_OP_splat, d, lanes, d, 1, &scalar, "");
            if (!ir_is_float(d) && d != IR_BOOL)
                apply(b, IR_OP_iota, d, lanes, d, 0, NULL, "");
            snprintf(attrs, sizeof attrs, " [lane=%d]", lanes - 1);
            apply(b, IR_OP_extract, d, 1, d, 1, &vector, attrs);
            apply(b, IR_OP_insert, d, lanes, d, 2, (int[]){vector, scalar}, attrs);
        }
        check(b);
    }
}

/* Lanes (i * step + first) modulo all that there are, or than are in the first vector. */
static void shuffle(bench *b, int modulus, const int args[2], int to, int step, int first)
{
    char attrs[256];
    int n = snprintf(attrs, sizeof attrs, " [mask=(");

    for (int i = 0; i < to; i++)
        n += snprintf(attrs + n, sizeof attrs - (size_t)n, "%s%d", i ? ", " : "", (i * step + first) % modulus);
    snprintf(attrs + n, sizeof attrs - (size_t)n, ")]");
    apply(b, IR_OP_shuffle, IR_F32, to, IR_F32, 2, args, attrs);
}

static void test_shuffle(void **state)
{
    (void)state;
    bench *b = bench_new();
    EACH_WIDTH(lanes) {
        int args[2] = {input(b, IR_F32, lanes, 0), input(b, IR_F32, lanes, 1)};
        for (int to = 1; to <= 2 * lanes && to <= 32; to *= 2)
            shuffle(b, 2 * lanes, args, to, 7, 3);
    }
    check(b);
}

static void test_repeats(void **state)
{
    (void)state;
    bench *b = bench_new();
    EACH_WIDTH(lanes) {
        int vector = input(b, IR_F32, lanes, 0);
        for (int to = lanes; to <= 32 && lanes > 1; to *= 2)
            shuffle(b, lanes, (int[]){vector, vector}, to, 1, 0);
    }
    check(b);
}

/* Any index counts modulo the lanes. The verifier may know widths that no target has as one instruction: all are tried. */
static void test_permute(void **state)
{
    static const ir_dtype pairs[][2] = {{IR_F32, IR_I32}, {IR_I32, IR_U32}, {IR_F32, IR_U8}, {IR_F64, IR_I64},
                                        {IR_BF16, IR_U16}, {IR_U16, IR_I16}, {IR_U8, IR_U8}};
    (void)state;
    bench *b = bench_new();
    EACH_WIDTH(lanes)
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs && lanes > 1; i++)
            apply(b, IR_OP_permute, pairs[i][0], lanes, pairs[i][0], 2,
                  (int[]){input(b, pairs[i][0], lanes, 0), input(b, pairs[i][1], lanes, 1)}, "");
    check(b);
}

static void test_permute2(void **state)
{
    static const ir_dtype pairs[][2] = {{IR_F32, IR_I32}, {IR_I32, IR_U8}, {IR_F64, IR_I64}, {IR_U16, IR_I16}, {IR_U8, IR_I8}};
    (void)state;
    bench *b = bench_new();
    EACH_WIDTH(lanes)
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs && lanes > 1; i++)
            apply(b, IR_OP_permute2, pairs[i][0], lanes, pairs[i][0], 3,
                  (int[]){input(b, pairs[i][0], lanes, 0), input(b, pairs[i][0], lanes, 2), input(b, pairs[i][1], lanes, 1)},
                  "");
    check(b);
}

static void test_reduce(void **state)
{
    (void)state;
    EACH_DTYPE(d) {
        if (d == IR_BOOL || d == IR_F16 || d == IR_BF16)
            continue;
        bench *b = bench_new();
        EACH_WIDTH(lanes)
            for (int which = 0; which < INPUTS && lanes > 1; which++) {
                int vector = input(b, d, lanes, which);
                apply(b, IR_OP_reduce_add, d, 1, d, 1, &vector, "");
                apply(b, IR_OP_reduce_max, d, 1, d, 1, &vector, "");
            }
        check(b);
    }
}

static void test_tailmask(void **state)
{
    static const char *const counts[] = {"0", "1", "3", "15", "16", "31", "32", "100", "-1", "4294967296",
                                         "-4294967291", "9223372036854775807", "-9223372036854775807"};
    (void)state;
    bench *b = bench_new();
    EACH_WIDTH(lanes)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            /* through memory, so that nothing folds */
            int constant = b->next++, hidden = b->next++;
            add(b, " %%%d = const %s : index\n %%%d = opaque %%%d\n", constant, counts[i], hidden, constant);
            apply(b, IR_OP_tailmask, IR_BOOL, lanes, IR_BOOL, 1, &hidden, "");
        }
    check(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_float_arithmetic),   cmocka_unit_test(test_extremes_with_constants),
        cmocka_unit_test(test_fma),                cmocka_unit_test(test_integer_arithmetic),
        cmocka_unit_test(test_shifts_and_division), cmocka_unit_test(test_compare_and_select),
        cmocka_unit_test(test_logic),              cmocka_unit_test(test_cast),
        cmocka_unit_test(test_bitcast),            cmocka_unit_test(test_lanes),
        cmocka_unit_test(test_shuffle), cmocka_unit_test(test_repeats),            cmocka_unit_test(test_permute),
        cmocka_unit_test(test_permute2),
        cmocka_unit_test(test_reduce),             cmocka_unit_test(test_tailmask),
    };
    CODE_RUN_TESTS(tests, set_up);
}
