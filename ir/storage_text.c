/* storage_text: storage requests as text. One table of terms serves printing and parsing. */
#include "ir/storage_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The request that the bare tensor type implies: everything that the text may leave out. */
static rt_storage_request implied_request(const ir_type *tensor, bool transposed)
{
    rt_storage_request r = {.dtype = (spc_dtype)tensor->dtype, .rows = 1, .cols = 1, .transposed = transposed, .nnz = -1};
    int64_t first = 1, rest = 1;
    for (int i = 0; i < tensor->rank; i++) {
        int64_t n = 0;
        int64_t *axis = i == 0 && tensor->rank > 1 ? &first : &rest;
        ir_extent_is_const(tensor->dims[i], &n);
        if (__builtin_mul_overflow(*axis, n, axis)) *axis = 0;
    }
    r.rows = transposed ? rest : first;
    r.cols = transposed ? first : rest;
    return r;
}

/* The numbers of a request, by their keys. 0 and 1 mean the same for scale and pad. */
enum { ROWS, COLS, KTILE, SCALE, PAD, NNZ, TERMS };
static const struct {
    const char *key;
    int64_t least, most;
} terms[TERMS] = {
    [ROWS] = {"rows", 0, INT64_MAX}, [COLS] = {"cols", 0, INT64_MAX}, [KTILE] = {"ktile", 0, INT64_MAX},
    [SCALE] = {"scale", 0, INT32_MAX}, [PAD] = {"pad", 0, INT64_MAX}, [NNZ] = {"nnz", -1, INT64_MAX},
};

static void get_terms(const rt_storage_request *r, int64_t values[TERMS])
{
    values[ROWS] = r->rows;
    values[COLS] = r->cols;
    values[KTILE] = r->ktile;
    values[SCALE] = r->crd_scale > 1 ? r->crd_scale : 0;
    values[PAD] = r->pad > 1 ? r->pad : 0;
    values[NNZ] = r->nnz;
}

static void set_terms(rt_storage_request *r, const int64_t values[TERMS])
{
    r->rows = values[ROWS];
    r->cols = values[COLS];
    r->ktile = values[KTILE];
    r->crd_scale = (int)values[SCALE];
    r->pad = values[PAD];
    r->nnz = values[NNZ];
}

void ir_print_storage(ir_text *out, const ir_type *tensor)
{
    const rt_storage_request *r = &tensor->storage->request;
    rt_storage_request implied = implied_request(tensor, r->transposed);
    ir_text_add(out, "{%s", r->name);
    if (r->transposed) ir_text_add(out, " transposed");
    if (r->dtype != implied.dtype) ir_text_add(out, " dtype=%s", ir_dtype_of((ir_dtype)r->dtype)->name);
    int64_t values[TERMS], defaults[TERMS];
    get_terms(r, values);
    get_terms(&implied, defaults);
    for (int i = 0; i < TERMS; i++)
        if (values[i] != defaults[i]) ir_text_add(out, " %s=%lld", terms[i].key, (long long)values[i]);
    ir_text_add(out, "}");
}

typedef struct word {
    const char *text;
    size_t len;
} word;

static bool next_word(const char **at, const char *end, word *out)
{
    while (*at < end && strchr(" \t", **at)) ++*at;
    out->text = *at;
    while (*at < end && !strchr(" \t", **at)) ++*at;
    out->len = (size_t)(*at - out->text);
    return out->len > 0;
}

static bool is(word w, const char *text) { return strlen(text) == w.len && memcmp(text, w.text, w.len) == 0; }

static bool read_value(word w, size_t from, int64_t *out)
{
    char digits[24];
    if (from >= w.len || w.len - from >= sizeof digits) return false;
    memcpy(digits, w.text + from, w.len - from);
    digits[w.len - from] = 0;
    char *end;
    errno = 0;
    *out = strtoll(digits, &end, 10);
    return !*end && !errno && digits[0] != '+';
}

static bool read_dtype(word value, rt_storage_request *r)
{
    for (int d = SPC_F32; d <= SPC_BOOL; d++) {
        if (!is(value, ir_dtype_of((ir_dtype)d)->name)) continue;
        r->dtype = (spc_dtype)d;
        return true;
    }
    return false;
}

static bool read_term(word w, int64_t values[TERMS])
{
    for (int i = 0; i < TERMS; i++) {
        size_t key = strlen(terms[i].key);
        if (w.len <= key || memcmp(w.text, terms[i].key, key) != 0 || w.text[key] != '=') continue;
        return read_value(w, key + 1, &values[i]) && values[i] >= terms[i].least && values[i] <= terms[i].most;
    }
    return false;
}

static bool fail(rt_error *error, const char *message, word w)
{
    rt_fail(error, SPC_E_PROGRAM, "'%.*s' %s", w.len > 40 ? 40 : (int)w.len, w.text, message);
    return false;
}

static bool read_name(word name, rt_storage_request *r, rt_error *error)
{
    if (!name.len) return fail(error, "is no storage; it needs a name, e.g. {csr}", name);
    if (name.len >= sizeof r->name) return fail(error, "is too long for the name of a storage", name);
    memcpy(r->name, name.text, name.len);
    return true;
}

bool ir_parse_storage(const ir_type *tensor, const char *text, size_t len, rt_storage *out, rt_error *error)
{
    const char *at = text, *end = text + len;
    word name, w;
    next_word(&at, end, &name);
    const char *after = at;
    bool transposed = next_word(&at, end, &w) && is(w, "transposed");
    if (!transposed) at = after;
    rt_storage_request r = implied_request(tensor, transposed);
    int64_t values[TERMS];
    get_terms(&r, values);
    if (!read_name(name, &r, error)) return false;
    while (next_word(&at, end, &w)) {
        bool known = w.len > 6 && memcmp(w.text, "dtype=", 6) == 0 ? read_dtype((word){w.text + 6, w.len - 6}, &r)
                                                                   : read_term(w, values);
        if (!known) return fail(error, "is no term of a storage (rows=, cols=, ktile=, scale=, pad=, nnz=, dtype=)", w);
    }
    set_terms(&r, values);
    return rt_storage_make(&r, out, error);
}
