/* safetensors: reads the header of a safetensors file, which may be hostile.
 *
 * The format: a little-endian 64-bit length, that many bytes of a JSON object (at most 100 MB), then the data. Each
 * member of the object is a tensor with dtype, shape and data_offsets, or "__metadata__". The tensors must fill the
 * data area without holes or overlaps.
 * The object is cut into members here and each piece is parsed alone, so that what a header can make the JSON library
 * allocate is bounded by its longest member, and depth by what a member may hold. */
#include "runtime/safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

enum {
    MAX_HEADER = 100000000,
    MAX_MEMBER = 65536, /* the text of one tensor's entry */
    MAX_NAME = 65536,
    MAX_DEPTH = 8,
};

static const struct {
    const char *name;
    int bits;
} widths[] = {
    {"BOOL", 8}, {"U8", 8}, {"I8", 8}, {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F4", 4}, {"F6_E2M3", 6},
    {"F6_E3M2", 6}, {"I16", 16}, {"U16", 16}, {"F16", 16}, {"BF16", 16}, {"I32", 32}, {"U32", 32}, {"F32", 32},
    {"F64", 64}, {"I64", 64}, {"U64", 64}, {"C64", 64},
};

int rt_safetensors_bits(const char *dtype)
{
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++)
        if (strcmp(widths[i].name, dtype) == 0)
            return widths[i].bits;
    return 0;
}

/* What is left of the header, and where the read stands. */
typedef struct reader {
    const char *at, *end;
    const char *file;
    const unsigned char *data;
    int64_t data_size;
    rt_error *error;
} reader;

typedef struct span {
    const char *at;
    size_t length;
} span;

static spc_status malformed(const reader *r, const char *what)
{
    return rt_fail(r->error, SPC_E_PROGRAM, "%s: error: malformed safetensors header: %s", r->file, what);
}

static void skip_space(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

static bool take(reader *r, char c)
{
    skip_space(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* A JSON string with its quotes; what it holds is checked when it is decoded. */
static bool take_string(reader *r, span *out)
{
    skip_space(r);
    const char *first = r->at;
    if (r->at == r->end || *r->at != '"')
        return false;
    for (r->at++; r->at < r->end; r->at++) {
        if (*r->at == '\\' && r->at + 1 < r->end)
            r->at++;
        else if (*r->at == '"') {
            r->at++;
            *out = (span){first, (size_t)(r->at - first)};
            return true;
        }
    }
    return false;
}

/* A JSON object with its braces. */
static bool take_object(reader *r, span *out)
{
    skip_space(r);
    const char *first = r->at;
    span ignored;
    int depth = 0;
    if (r->at == r->end || *r->at != '{')
        return false;
    while (r->at < r->end) {
        if (*r->at == '"') {
            if (!take_string(r, &ignored))
                return false;
            continue;
        }
        if ((*r->at == '{' || *r->at == '[') && ++depth > MAX_DEPTH)
            return false;
        if (*r->at == '}' || *r->at == ']')
            depth--;
        r->at++;
        if (depth == 0) {
            *out = (span){first, (size_t)(r->at - first)};
            return true;
        }
    }
    return false;
}

static spc_status no_memory(const reader *r)
{
    return rt_fail(r->error, SPC_E_NOMEM, "out of memory while reading %s", r->file);
}

/* Jansson gives no reason where it lacks memory. */
static json_t *parse(span text, size_t flags, json_error_t *why)
{
    *why = (json_error_t){0};
    return json_loadb(text.at, text.length, flags, why);
}

/* wrong: what to say where it is no string. *out is the caller's. */
static spc_status decode_string(reader *r, span text, const char *wrong, char **out)
{
    json_error_t why;
    json_t *value = parse(text, JSON_DECODE_ANY, &why);
    const bool valid = json_is_string(value);
    *out = valid ? strdup(json_string_value(value)) : NULL;
    json_decref(value);
    if (*out)
        return SPC_OK;
    return valid || (!value && !why.text[0]) ? no_memory(r) : malformed(r, wrong);
}

static spc_status check_string(reader *r, span text)
{
    char *decoded;
    spc_status status = decode_string(r, text, "a string of __metadata__ is not valid", &decoded);
    free(decoded);
    return status;
}

/* Metadata: strings to strings. Nothing in it is used. */
static spc_status skip_metadata(reader *r)
{
    if (!take(r, '{'))
        return malformed(r, "__metadata__ is not an object");
    if (take(r, '}'))
        return SPC_OK;
    do {
        span key, value;
        if (!take_string(r, &key) || !take(r, ':') || !take_string(r, &value))
            return malformed(r, "__metadata__ does not map strings to strings");
        spc_status status = check_string(r, key);
        if (!status)
            status = check_string(r, value);
        if (status)
            return status;
    } while (take(r, ','));
    return take(r, '}') ? SPC_OK : malformed(r, "__metadata__ does not end");
}

/* ---- one tensor ---- */

static spc_status wrong_tensor(const reader *r, const rt_file_tensor *t, const char *what)
{
    return rt_fail(r->error, SPC_E_PROGRAM, "%s: %s: error: %s", r->file, t->name, what);
}

static bool natural(const json_t *value, int64_t *out)
{
    *out = json_is_integer(value) ? (int64_t)json_integer_value(value) : -1;
    return *out >= 0;
}

static const char *read_shape(const json_t *shape, rt_file_tensor *t)
{
    if (!json_is_array(shape))
        return "its shape is not a list";
    t->count = 1;
    t->rank = (int)json_array_size(shape);
    for (int i = 0; i < t->rank; i++) {
        int64_t extent;
        if (!natural(json_array_get(shape, (size_t)i), &extent))
            return "an extent of its shape is not a natural number";
        if (__builtin_mul_overflow(t->count, extent, &t->count))
            return "its shape is too large";
        if (i < RT_MAX_RANK)
            t->dims[i] = extent;
    }
    return NULL;
}

static const char *read_offsets(const reader *r, const json_t *offsets, rt_file_tensor *t)
{
    if (json_array_size(offsets) != 2 || !natural(json_array_get(offsets, 0), &t->begin) ||
        !natural(json_array_get(offsets, 1), &t->end))
        return "its data_offsets are not two natural numbers";
    if (t->begin > t->end)
        return "its data_offsets run backwards";
    if (t->end > r->data_size)
        return "its data lie outside the file";
    t->data = r->data + t->begin;
    return NULL;
}

static const char *check_size(const rt_file_tensor *t)
{
    int64_t bits = rt_safetensors_bits(t->dtype), all;
    if (!bits)
        return NULL; /* kept, and refused where it is used */
    if (__builtin_mul_overflow(t->count, bits, &all))
        return "its shape is too large";
    return all % 8 || all / 8 != t->end - t->begin ? "its data are not as long as its shape and dtype say" : NULL;
}

static const char *read_tensor(const reader *r, const json_t *entry, rt_file_tensor *t)
{
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    if (!dtype || strlen(dtype) >= sizeof t->dtype)
        return "its dtype is not a short string";
    strcpy(t->dtype, dtype);
    const char *wrong = read_shape(json_object_get(entry, "shape"), t);
    if (!wrong)
        wrong = read_offsets(r, json_object_get(entry, "data_offsets"), t);
    return wrong ? wrong : check_size(t);
}

/* Reads the entry behind a name; takes over the name. */
static spc_status take_tensor(reader *r, char *name, rt_file_tensor *t)
{
    *t = (rt_file_tensor){.name = name};
    span text;
    if (!take_object(r, &text) || text.length > MAX_MEMBER)
        return wrong_tensor(r, t, "its entry in the header is not an object that ends, or is too long or deep");
    json_error_t why;
    json_t *entry = parse(text, JSON_REJECT_DUPLICATES, &why);
    if (!entry)
        return why.text[0] ? wrong_tensor(r, t, why.text) : no_memory(r);
    const char *wrong = read_tensor(r, entry, t);
    json_decref(entry);
    return wrong ? wrong_tensor(r, t, wrong) : SPC_OK;
}

/* ---- the whole header ---- */

static rt_file_tensor *new_tensor(rt_directory *d, int64_t *capacity)
{
    if (d->count == *capacity) {
        int64_t more = *capacity * 2 + 16;
        rt_file_tensor *grown = realloc(d->tensors, (size_t)more * sizeof *grown);
        if (!grown)
            return NULL;
        d->tensors = grown;
        *capacity = more;
    }
    return &d->tensors[d->count];
}

static spc_status take_member(reader *r, rt_directory *d, int64_t *capacity, bool *has_metadata)
{
    span key;
    if (!take_string(r, &key) || key.length > MAX_NAME || !take(r, ':'))
        return malformed(r, "a tensor's name was expected");
    char *name;
    spc_status status = decode_string(r, key, "a tensor's name is not valid text", &name);
    if (status)
        return status;
    if (strcmp(name, "__metadata__") == 0) {
        free(name);
        bool repeated = *has_metadata;
        *has_metadata = true;
        return repeated ? malformed(r, "__metadata__ comes twice") : skip_metadata(r);
    }
    rt_file_tensor *tensor = new_tensor(d, capacity);
    if (!tensor) {
        free(name);
        return no_memory(r);
    }
    d->count++;
    return take_tensor(r, name, tensor);
}

static spc_status take_members(reader *r, rt_directory *d)
{
    int64_t capacity = 0;
    bool has_metadata = false;
    if (r->at == r->end || *r->at != '{')
        return malformed(r, "it does not begin with an object");
    r->at++;
    if (!take(r, '}')) {
        do {
            spc_status status = take_member(r, d, &capacity, &has_metadata);
            if (status != SPC_OK)
                return status;
        } while (take(r, ','));
        if (!take(r, '}'))
            return malformed(r, "the object does not end");
    }
    skip_space(r);
    return r->at == r->end ? SPC_OK : malformed(r, "something follows the object");
}

static int by_place(const void *left, const void *right)
{
    const rt_file_tensor *a = left, *b = right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return a->end != b->end ? (a->end < b->end ? -1 : 1) : strcmp(a->name, b->name);
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const rt_file_tensor *)left)->name, ((const rt_file_tensor *)right)->name);
}

static spc_status check_tiling(const reader *r, rt_directory *d)
{
    int64_t reached = 0;
    if (d->count)
        qsort(d->tensors, (size_t)d->count, sizeof *d->tensors, by_place);
    for (int64_t i = 0; i < d->count; reached = d->tensors[i++].end) {
        const rt_file_tensor *t = &d->tensors[i];
        if (t->begin == reached)
            continue;
        if (t->begin > reached)
            return rt_fail(r->error, SPC_E_PROGRAM, "%s: %s: error: the %" PRId64 " bytes before its data belong to no "
                           "tensor", r->file, t->name, t->begin - reached);
        return rt_fail(r->error, SPC_E_PROGRAM, "%s: %s: error: its data overlap those of '%s'", r->file, t->name,
                       d->tensors[i - 1].name);
    }
    if (reached != r->data_size)
        return rt_fail(r->error, SPC_E_PROGRAM, "%s: error: %" PRId64 " bytes at the end belong to no tensor", r->file,
                       r->data_size - reached);
    return SPC_OK;
}

static spc_status check_names(const reader *r, rt_directory *d)
{
    if (d->count)
        qsort(d->tensors, (size_t)d->count, sizeof *d->tensors, by_name);
    for (int64_t i = 1; i < d->count; i++)
        if (strcmp(d->tensors[i - 1].name, d->tensors[i].name) == 0)
            return wrong_tensor(r, &d->tensors[i], "the header has it twice");
    return SPC_OK;
}

/* What was given in place of a safetensors file, where its first bytes tell. Read as a length, all of them are over
 * MAX_HEADER. */
static const struct {
    const char *begin, *what;
} others[] = {
    {"PK\3\4", "a ZIP archive, as torch.save and np.savez write; save tensors with safetensors.torch.save_file or np.save"},
    {"\x80\2", "a Python pickle, as torch.save writes; save tensors with safetensors.torch.save_file or np.save"},
    {"\x93NUMPY", "a NumPy array"},
    {"\x89HDF", "an HDF5 file"},
    {"GGUF", "a GGUF file"},
    {"version https://git-lfs", "a pointer that Git LFS left in the file's place; fetch the file itself (git lfs pull)"},
};

static spc_status too_long(const reader *r, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        size_t length = strlen(others[i].begin);
        if (length <= size && memcmp(bytes, others[i].begin, length) == 0)
            return rt_fail(r->error, SPC_E_PROGRAM, "%s: error: not a safetensors file but %s", r->file, others[i].what);
    }
    return malformed(r, "it is longer than 100 MB");
}

spc_status rt_safetensors_read(const unsigned char *bytes, size_t size, const char *file, rt_directory *out,
                               rt_error *e)
{
    *out = (rt_directory){0};
    reader r = {.file = file, .error = e};
    uint64_t length = 0;
    if (size < 8)
        return malformed(&r, "the file is shorter than 8 bytes");
    for (int i = 0; i < 8; i++)
        length |= (uint64_t)bytes[i] << (8 * i);
    if (length > MAX_HEADER)
        return too_long(&r, bytes, size);
    if (length > size - 8)
        return malformed(&r, "it is longer than the file");
    r.at = (const char *)bytes + 8;
    r.end = r.at + length;
    r.data = bytes + 8 + length;
    r.data_size = (int64_t)(size - 8 - length);
    spc_status status = take_members(&r, out);
    if (status == SPC_OK)
        status = check_names(&r, out);
    if (status == SPC_OK)
        status = check_tiling(&r, out);
    if (status == SPC_OK)
        status = check_names(&r, out); /* leaves them by name */
    if (status != SPC_OK)
        rt_directory_free(out);
    return status;
}

const rt_file_tensor *rt_directory_find(const rt_directory *d, const char *name)
{
    rt_file_tensor key = {.name = (char *)(uintptr_t)name};
    return d->count ? bsearch(&key, d->tensors, (size_t)d->count, sizeof key, by_name) : NULL;
}

void rt_directory_free(rt_directory *d)
{
    for (int64_t i = 0; i < d->count; i++)
        free(d->tensors[i].name);
    free(d->tensors);
    *d = (rt_directory){0};
}
