/* Extents: canonical form, algebra, exact division, overflow, and reading back what was printed. */
#include "ir_text.h"
#include <stdint.h>
#include <stdlib.h>

static fixture with_dims(void)
{
    fixture f = fixture_new();
    const char *names[] = {"a", "b", "min", "seq"};
    for (int i = 0; i < 4; i++) ir_dim_add(f.module, names[i], 0, INT64_MAX, 1);
    return f;
}

static const ir_extent *read_extent(fixture *f, const char *text)
{
    const char *end;
    const ir_extent *e = ir_extent_parse(f->module, text, &end);
    return e && !*end ? e : NULL;
}

static void test_canonical_text(void **state)
{
    static const struct {
        const char *in, *out; /* NULL: no extent */
    } cases[] = {
        {"2*a+1", "2*a + 1"}, {"(a+1)*(a-1)", "a*a - 1"}, {"(a*a-1)/(a-1)", "a + 1"}, {"seq/4*4", "seq"}, {"seq/4+seq/4+seq/4+seq/4", "seq"},
        {"2*seq/4", "seq/2"}, {"(2*seq+1)/4", NULL}, {"seq/4/3", "seq/12"}, {"b*(seq/4)", "b*(seq/4)"},
        {"-seq/4+1", "-seq/4 + 1"}, {"b*seq/(4*seq)", "b/4"}, {"ceil(a,64)*4", "4*ceil(a, 64)"}, {"ceil(7,2)", "4"},
        {"ceil(2*a-3,2)+1", "a"}, {"ceil(a-3,2)+1", "ceil(a + 1, 2) - 1"}, {"ceil(4*a+b+9,4)", "a + ceil(b + 1, 4) + 2"},
        {"ceil(-7,2)", "-3"}, {"min(8,a)", "min(a, 8)"}, {"max(a,a+1)", "a + 1"}, {"(a-b)/(b-a)", "-1"},
        {"threads*64", "64*threads"}, {"9223372036854775807", "9223372036854775807"}, {"9223372036854775808", NULL},
        {"9223372036854775807*2", NULL}, {"9223372036854775807+1", NULL}, {"4/3", NULL}, {"6/3", "2"}, {"a/0", NULL},
        {"0/3", "0"}, {"a-a", "0"}, {"min", "min"}, {"min*min(min, 2)", "min*min(min, 2)"}, {"unknown", NULL},
        {"a+", NULL}, {"(a", NULL}, {"", NULL}, {"a b", NULL}, {"3-4", "-1"}, {"(a+1)/(a+2)", "(a + 1)/(a + 2)"},
        {"2*(a+1)/4", "(a + 1)/2"}, {"a/(2*b)", "a/(2*b)"}, {"2*a/(3*b)/seq", "2*a/(3*b*seq)"},
    };
    (void)state;
    fixture f = with_dims();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ir_extent *e = read_extent(&f, cases[i].in);
        if (!e != !cases[i].out) fail_msg("%s gives %s", cases[i].in, e ? ir_extent_text(e) : "nothing");
        if (e) assert_string_equal(ir_extent_text(e), cases[i].out);
    }
    fixture_free(&f);
}

/* ---- random polynomials: the algebra agrees with numbers, and text reads back as the same pointer ---- */

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static const int64_t values[] = {12, 8, 4, 24}; /* of a, b, min, seq */

static bool evaluate(const ir_extent *e, int64_t *out);

static bool evaluate_factor(const ir_factor *f, int64_t *out)
{
    static const char *const names[] = {"a", "b", "min", "seq"};
    int64_t l, r;
    if (f->kind == IR_FACTOR_DIM) {
        for (int i = 0; i < 4; i++)
            if (strcmp(names[i], f->dim) == 0) *out = values[i];
        return true;
    }
    if (!evaluate(f->left, &l) || !evaluate(f->right, &r)) return false;
    if (f->kind == IR_FACTOR_MIN || f->kind == IR_FACTOR_MAX) {
        *out = (l < r) == (f->kind == IR_FACTOR_MIN) ? l : r;
        return true;
    }
    if (r <= 0 || (f->kind == IR_FACTOR_DIV && l % r)) return false;
    *out = l / r + (l % r > 0);
    return true;
}

static bool evaluate(const ir_extent *e, int64_t *out)
{
    *out = 0;
    for (int t = 0; t < ir_extent_terms(e); t++) {
        int64_t product = ir_extent_coefficient(e, t), factor = 0;
        for (int i = 0; i < ir_extent_factors(e, t); i++) {
            if (!evaluate_factor(ir_extent_factor(e, t, i), &factor)) return false;
            if (__builtin_mul_overflow(product, factor, &product)) return false;
        }
        if (__builtin_add_overflow(*out, product, out)) return false;
    }
    return true;
}

static const ir_extent *random_extent(fixture *f, uint64_t *seed, int depth)
{
    static const char *const names[] = {"a", "b", "min", "seq"};
    uint64_t kind = next_random(seed) % (depth ? 9 : 2);
    if (kind == 0) return ir_extent_const(f->module, (int64_t)(next_random(seed) % 7) - 2);
    if (kind == 1) return ir_extent_dim(f->module, names[next_random(seed) % 4]);
    const ir_extent *l = random_extent(f, seed, depth - 1), *r = random_extent(f, seed, depth - 1);
    switch (kind) {
    case 2: return ir_extent_sub(f->module, l, r);
    case 3: return ir_extent_div(f->module, l, r);
    case 4: return ir_extent_ceildiv(f->module, l, r);
    case 5: return ir_extent_min(f->module, l, r);
    case 6: return ir_extent_max(f->module, l, r);
    case 7: return ir_extent_mul(f->module, l, r);
    default: return ir_extent_add(f->module, l, r);
    }
}

/* Exact divisions are cancelled where that can be seen, which is sound but knows not every equality. */
static bool divides(const ir_extent *e) { return strchr(ir_extent_text(e), '/'); }

static void check_laws(fixture *f, const ir_extent *x, const ir_extent *y, const ir_extent *z)
{
    ir_module *m = f->module;
    assert_ptr_equal(ir_extent_add(m, x, y), ir_extent_add(m, y, x));
    assert_ptr_equal(ir_extent_mul(m, x, y), ir_extent_mul(m, y, x));
    assert_ptr_equal(ir_extent_sub(m, ir_extent_add(m, x, y), y), x);
    const ir_extent *left = ir_extent_mul(m, x, ir_extent_add(m, y, z));
    const ir_extent *right = ir_extent_add(m, ir_extent_mul(m, x, y), ir_extent_mul(m, x, z));
    if (left && right) assert_ptr_equal(left, right);
    assert_ptr_equal(ir_extent_min(m, x, y), ir_extent_min(m, y, x));
}

static void check_values(fixture *f, const ir_extent *x, const ir_extent *y)
{
    int64_t a, b, c;
    const ir_extent *sum = ir_extent_add(f->module, x, y), *product = ir_extent_mul(f->module, x, y);
    const ir_extent *quotient = product ? ir_extent_div(f->module, product, y) : NULL;
    if (!evaluate(x, &a) || !evaluate(y, &b)) return;
    if (sum && evaluate(sum, &c)) assert_int_equal(c, a + b);
    if (product && evaluate(product, &c)) assert_int_equal(c, a * b);
    if (quotient && b && evaluate(quotient, &c)) assert_int_equal(c, a);
    const ir_extent *ceiling = ir_extent_ceildiv(f->module, x, y);
    if (ceiling && b > 0 && evaluate(ceiling, &c)) assert_int_equal(c, a / b + (a % b > 0));
}

static void test_random_algebra(void **state)
{
    (void)state;
    fixture f = with_dims();
    uint64_t seed = 7;
    int made = 0;
    for (int i = 0; i < 3000; i++) {
        const ir_extent *x = random_extent(&f, &seed, 2), *y = random_extent(&f, &seed, 2), *z = random_extent(&f, &seed, 1);
        if (!x || !y || !z) continue;
        made++;
        const char *text = ir_extent_text(x);
        if (read_extent(&f, text) != x) fail_msg("%s does not read back as itself", text);
        if (!divides(x) && !divides(y) && !divides(z)) check_laws(&f, x, y, z);
        check_values(&f, x, y);
    }
    assert_true(made > 500);
    fixture_free(&f);
}

static void test_bounds(void **state)
{
    (void)state;
    fixture f = with_dims();
    const ir_extent *e = read_extent(&f, "a + b + seq + min + 1");
    for (int i = 0; e && i < 30; i++) e = ir_extent_mul(f.module, e, e);
    assert_null(e); /* refused, not grown without end */
    e = ir_extent_dim(f.module, "a");
    for (int i = 0; e && i < 10000; i++) e = ir_extent_ceildiv(f.module, ir_extent_add(f.module, e, ir_extent_const(f.module, 1)), ir_extent_const(f.module, 7));
    assert_null(e);
    char deep[1001];
    memset(deep, '(', sizeof deep - 1);
    deep[sizeof deep - 1] = 0;
    assert_null(read_extent(&f, deep));
    assert_null(ir_extent_const(f.module, INT64_MIN));
    fixture_free(&f);
}

static void test_queries(void **state)
{
    (void)state;
    fixture f = with_dims();
    int64_t n = -1;
    const char *name = NULL;
    assert_true(ir_extent_is_const(read_extent(&f, "2*3"), &n));
    assert_int_equal(n, 6);
    assert_true(ir_extent_is_const(read_extent(&f, "a-a"), &n));
    assert_int_equal(n, 0);
    assert_false(ir_extent_is_const(read_extent(&f, "a"), NULL));
    assert_true(ir_extent_is_dim(read_extent(&f, "seq"), &name));
    assert_string_equal(name, "seq");
    assert_false(ir_extent_is_dim(read_extent(&f, "2*seq"), NULL));
    assert_false(ir_extent_is_dim(read_extent(&f, "ceil(seq, 2)"), NULL));
    const ir_extent *power = read_extent(&f, "3*a*a");
    assert_int_equal(ir_extent_terms(power), 1);
    assert_int_equal(ir_extent_coefficient(power, 0), 3);
    assert_int_equal(ir_extent_factors(power, 0), 2);
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_text), cmocka_unit_test(test_random_algebra), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
