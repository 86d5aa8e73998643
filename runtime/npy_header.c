/* npy_header: the header of a NumPy file, which may be hostile: a magic word, a version, a length and a Python dict of
 * exactly descr, fortran_order and shape. */
#include "runtime/npy.h"

#include <inttypes.h>

enum { MAX_HEADER = 1 << 20, MAX_DESCR = 32 };

typedef struct scanner {
    const char *at, *end;
    const char *file;
    rt_error *error;
} scanner;

static spc_status malformed(const char *file, rt_error *e, const char *what)
{
    return rt_fail(e, SPC_E_PROGRAM, "%s: error: malformed NumPy file: %s", file, what);
}

static void skip_space(scanner *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
        s->at++;
}

static bool take(scanner *s, const char *text)
{
    size_t length = strlen(text);
    skip_space(s);
    if ((size_t)(s->end - s->at) < length || memcmp(s->at, text, length) != 0)
        return false;
    s->at += length;
    return true;
}

/* A Python string without escapes, at most size - 1 characters. */
static bool take_string(scanner *s, char *out, size_t size)
{
    char quote = take(s, "'") ? '\'' : take(s, "\"") ? '"' : 0;
    size_t length = 0;
    if (!quote)
        return false;
    for (; s->at < s->end && *s->at != quote; s->at++) {
        if (length + 1 == size || *s->at == '\\' || (unsigned char)*s->at < 0x20)
            return false;
        out[length++] = *s->at;
    }
    out[length] = 0;
    return take(s, quote == '"' ? "\"" : "'");
}

static bool take_natural(scanner *s, int64_t *out)
{
    skip_space(s);
    if (s->at == s->end || *s->at < '0' || *s->at > '9')
        return false;
    for (*out = 0; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++)
        if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, *s->at - '0', out))
            return false;
    if (s->at < s->end && *s->at == 'L') /* as Python 2 wrote it */
        s->at++;
    return true;
}

static const char *take_shape(scanner *s, rt_npy_header *h)
{
    h->count = 1;
    if (!take(s, "("))
        return "its shape is not a tuple";
    while (!take(s, ")")) {
        int64_t extent;
        if (h->rank == 8)
            return "it has over 8 axes";
        if (!take_natural(s, &extent))
            return "an extent is not a natural number of 63 bits";
        if (__builtin_mul_overflow(h->count, extent, &h->count))
            return "its shape is too large";
        h->dims[h->rank++] = extent;
        if (take(s, ","))
            continue;
        return h->rank > 1 && take(s, ")") ? NULL : "its shape is not a tuple"; /* (3) is a number in Python */
    }
    return NULL;
}

/* Sets the dtype of a descr such as "<f4". */
static bool set_dtype(rt_npy_header *h, const char *descr)
{
    if (descr[0] && strchr("<>|=", descr[0])) {
        h->big_endian = descr[0] == '>';
        for (int dtype = SPC_F32; rt_dtype_of((spc_dtype)dtype); dtype++) {
            const rt_dtype_info *info = rt_dtype_of((spc_dtype)dtype);
            bool order_fits = descr[0] != '|' || info->bits == 8;
            if (!info->npy || strcmp(info->npy, descr + 1) != 0 || !order_fits)
                continue;
            h->dtype = (spc_dtype)dtype;
            h->is_u16 = dtype == SPC_BF16;
            return true;
        }
    }
    return false;
}

static spc_status take_descr(scanner *s, rt_npy_header *h)
{
    char descr[MAX_DESCR];
    if (!take_string(s, descr, sizeof descr))
        return malformed(s->file, s->error, "its descr is not a plain dtype");
    if (set_dtype(h, descr))
        return SPC_OK;
    bool wide = strcmp(descr, "<i8") == 0 || strcmp(descr, ">i8") == 0;
    return rt_fail(s->error, SPC_E_PROGRAM, "%s: error: dtype '%s'%s is none of SDL's%s", s->file, descr,
                   wide ? " (int64)" : "", wide ? "; convert it, e.g. x.astype('int32')" : "");
}

enum { HAS_DESCR = 1, HAS_ORDER = 2, HAS_SHAPE = 4 };

static spc_status take_entry(scanner *s, rt_npy_header *h, int *seen)
{
    char key[MAX_DESCR];
    if (!take_string(s, key, sizeof key) || !take(s, ":"))
        return malformed(s->file, s->error, "a key was expected");
    int which = strcmp(key, "descr") == 0 ? HAS_DESCR : strcmp(key, "fortran_order") == 0 ? HAS_ORDER
              : strcmp(key, "shape") == 0 ? HAS_SHAPE : 0;
    if (!which || (*seen & which))
        return malformed(s->file, s->error, which ? "a key comes twice" : "it has an unknown key");
    *seen |= which;
    if (which == HAS_DESCR)
        return take_descr(s, h);
    if (which == HAS_SHAPE) {
        const char *wrong = take_shape(s, h);
        return wrong ? malformed(s->file, s->error, wrong) : SPC_OK;
    }
    h->fortran = take(s, "True");
    return h->fortran || take(s, "False") ? SPC_OK : malformed(s->file, s->error, "fortran_order is not True or False");
}

static spc_status take_dict(scanner *s, rt_npy_header *h)
{
    int seen = 0;
    if (!take(s, "{"))
        return malformed(s->file, s->error, "its header is not a dict");
    while (!take(s, "}")) {
        spc_status status = take_entry(s, h, &seen);
        if (status != SPC_OK)
            return status;
        if (take(s, ","))
            continue;
        if (!take(s, "}"))
            return malformed(s->file, s->error, "its header does not end");
        break;
    }
    skip_space(s);
    if (s->at != s->end)
        return malformed(s->file, s->error, "something follows its header");
    return seen == (HAS_DESCR | HAS_ORDER | HAS_SHAPE) ? SPC_OK
         : malformed(s->file, s->error, "descr, fortran_order or shape is missing");
}

/* Length and place of the dict's text. */
static const char *find_dict(const unsigned char *bytes, size_t size, size_t *begin, size_t *length)
{
    if (size < 10 || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return "it does not begin as one";
    int version = bytes[6];
    if (version < 1 || version > 3 || bytes[7] != 0)
        return "its version is not 1.0, 2.0 or 3.0";
    *begin = version == 1 ? 10 : 12;
    if (size < *begin)
        return "its header is cut off";
    *length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (version > 1)
        *length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (*length > MAX_HEADER)
        return "its header is longer than 1 MB";
    return *length > size - *begin ? "its header is cut off" : NULL;
}

spc_status rt_npy_parse(const unsigned char *bytes, size_t size, const char *file, rt_npy_header *out, rt_error *e)
{
    size_t begin, length;
    *out = (rt_npy_header){0};
    const char *wrong = find_dict(bytes, size, &begin, &length);
    if (wrong)
        return malformed(file, e, wrong);
    scanner s = {(const char *)bytes + begin, (const char *)bytes + begin + length, file, e};
    spc_status status = take_dict(&s, out);
    if (status != SPC_OK)
        return status;
    out->data_offset = begin + length;
    int64_t wanted = rt_dtype_bytes(out->dtype, out->count), there = (int64_t)(size - out->data_offset);
    if (wanted < 0)
        return malformed(file, e, "its shape is too large");
    if (wanted == there)
        return SPC_OK;
    return rt_fail(e, SPC_E_PROGRAM, "%s: error: malformed NumPy file: %" PRId64 " bytes follow its header, but its "
                   "shape and dtype take %" PRId64, file, there, wanted);
}
