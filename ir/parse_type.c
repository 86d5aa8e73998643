/* parse_type: types of IR text. Extents and storages are read by those who print them. */
#include "ir/scan.h"
#include "ir/spec.h"
#include "ir/storage_text.h"

#include <string.h>

enum { MAX_LANES = 1024 };

/* "f32" or "f32x16". */
static bool read_lanes(const char *text, size_t len, ir_dtype *dtype, int *lanes)
{
    *lanes = 1;
    if (ir_dtype_find(text, len, dtype)) return true;
    size_t x = len;
    while (x > 0 && text[x - 1] != 'x') x--;
    if (x == 0 || x == len || len - x > 4 || text[x] == '0' || !ir_dtype_find(text, x - 1, dtype)) return false;
    *lanes = 0;
    for (size_t i = x; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        *lanes = 10 * *lanes + (text[i] - '0');
    }
    return *lanes > 1 && *lanes <= MAX_LANES;
}

static const ir_type *parse_content(ir_module *m, ir_scanner *s)
{
    ir_dtype dtype;
    int lanes;
    if (s->token.kind != IR_TOKEN_NAME || !read_lanes(s->token.text, s->token.len, &dtype, &lanes))
        return ir_scan_fail(s, "expected a type"), NULL;
    ir_scan_next(s);
    return ir_vector(m, dtype, lanes);
}

/* Reads "extent, extent]" at raw text; the scanner goes on behind the bracket. */
static bool parse_extents(ir_module *m, ir_scanner *s, const char *at, const ir_extent **dims, int *rank)
{
    const char *end = at;
    *rank = 0;
    at += strspn(at, " \t");
    for (char next = *at == ']' ? ']' : ','; next != ']'; next = *at++) {
        if (*rank == IR_MAX_RANK) return ir_scan_fail(s, "a tensor has at most %d axes", IR_MAX_RANK);
        dims[*rank] = ir_extent_parse(m, at, &end);
        if (!dims[*rank]) {
            s->token.column = (int)(end - s->line_start) + 1;
            s->token.len = 1;
            return ir_scan_fail(s, "expected an extent over declared dims, without overflow");
        }
        ++*rank;
        at = end + strspn(end, " \t");
        if (*at != ',' && *at != ']') return ir_scan_fail(s, "expected ']' after the extents");
    }
    at -= *rank > 0;
    ir_scan_resume(s, at + 1);
    return true;
}

/* The scanner stands on the '{' that touches the type. */
static const ir_type *parse_stored(ir_module *m, ir_scanner *s, const ir_type *tensor)
{
    const char *start = s->token.text + 1, *end = memchr(start, '}', (size_t)(s->end - start));
    rt_storage storage;
    rt_error error = {0};
    if (!end || memchr(start, '\n', (size_t)(end - start))) return ir_scan_fail(s, "expected '}' after the storage"), NULL;
    for (int i = 0; i < tensor->rank; i++)
        if (!ir_extent_is_const(tensor->dims[i], NULL)) return ir_scan_fail(s, "a stored tensor has constant extents"), NULL;
    if (!ir_parse_storage(tensor, start, (size_t)(end - start), &storage, &error))
        return ir_scan_fail(s, "%s", error.text), NULL;
    ir_scan_resume(s, end + 1);
    return ir_tensor_stored(m, tensor, &storage);
}

static const ir_type *parse_tensor(ir_module *m, ir_scanner *s, ir_dtype dtype)
{
    const ir_extent *dims[IR_MAX_RANK];
    int rank;
    if (!parse_extents(m, s, s->token.text + 1, dims, &rank)) return NULL;
    const ir_type *type = ir_tensor(m, dtype, rank, dims);
    bool touches = ir_scan_is(s, "{") && s->token.text[-1] == ']';
    return touches ? parse_stored(m, s, type) : type;
}

const ir_type *ir_parse_type(ir_module *m, ir_scanner *s)
{
    if (ir_scan_accept(s, "reg")) {
        const ir_type *content = parse_content(m, s);
        return content ? ir_reg_type(m, content) : NULL;
    }
    bool buffer = ir_scan_accept(s, "buffer");
    const ir_type *type = parse_content(m, s);
    if (!type) return NULL;
    bool tensor = ir_scan_is(s, "[") && !buffer && type->kind == IR_SCALAR;
    if (tensor) return parse_tensor(m, s, type->dtype);
    if (!buffer) return type;
    return type->kind == IR_SCALAR ? ir_buffer(m, type->dtype) : (ir_scan_fail(s, "a buffer has a scalar dtype"), NULL);
}
