/* storage: turns the name of a storage into its list of levels.
 *
 * Each row of storages.def has one function here that lists its levels; everything else (sizes, widths, bounds) is
 * derived from the list. A level of a single coordinate (row%1, col%1) is left out. Packing and unpacking know levels
 * only, never names. */
#include "runtime/storage.h"

#include "runtime/dtype.h"
#include "runtime/levels.h"
#include "runtime/zip.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MAX_PARAMETERS = 3,
    MAX_INTERLEAVE = 4096, /* rows kept together, and the sides of a block */
    MAX_SCALE = 1 << 20,
};
/* So that positions, and their bits, never overflow 63 bits, whatever a level rounds up. */
static const int64_t max_elements = (int64_t)1 << 55;

static const rt_level_info level_table[] = {
#define LEVEL(name, has_pos, has_crd, doc) {#name, has_pos, has_crd, doc},
#include "runtime/levels.def"
#undef LEVEL
};

const rt_level_info *rt_level_of(rt_level_kind kind)
{
    return (unsigned)kind < RT_LEVEL_COUNT ? &level_table[kind] : NULL;
}

/* What stands behind the name: ":8x4" is {8, 4} with separators ":x". */
typedef struct parameters {
    int count;
    int64_t value[MAX_PARAMETERS];
    char separators[MAX_PARAMETERS + 1];
} parameters;

static bool parse_parameters(const char *text, parameters *out)
{
    *out = (parameters){0};
    while (*text) {
        if (out->count == MAX_PARAMETERS || (*text != ':' && *text != 'x'))
            return false;
        out->separators[out->count] = *text++;
        bool negative = *text == '-';
        text += negative;
        int64_t value = 0;
        if (*text < '0' || *text > '9' || (*text == '0' && text[1] >= '0' && text[1] <= '9'))
            return false;
        for (; *text >= '0' && *text <= '9'; text++)
            if ((value = value * 10 + (*text - '0')) > INT32_MAX)
                return false;
        out->value[out->count++] = negative ? -value : value;
    }
    return true;
}

static bool are_counts(const parameters *p)
{
    for (int i = 0; i < p->count; i++)
        if (p->value[i] < 1 || p->value[i] > MAX_INTERLEAVE)
            return false;
    return true;
}

static rt_level *add(rt_storage *s, rt_level_kind kind, rt_axis axis, int64_t div, int64_t mod)
{
    if (kind == RT_LEVEL_dense && axis != RT_SLOT && mod == 1)
        return NULL;
    rt_level *level = &s->levels[s->nlevels++];
    *level = (rt_level){.kind = kind, .axis = axis, .div = div, .mod = mod};
    if (rt_level_of(kind)->has_crd)
        level->crd_bits = 8; /* at least; 1 where sub-byte coordinates are wanted */
    return level;
}

/* Columns of the matrix that one parent of the column levels sees: the K tile, or 0 for all. */
static int64_t add_tile(rt_storage *s)
{
    int64_t tile = s->request.ktile;
    if (tile)
        add(s, RT_LEVEL_dense, RT_COL, tile, 0);
    return tile;
}

typedef const char *list_levels(rt_storage *, const parameters *); /* NULL, or what is wrong */

static const char *levels_dense(rt_storage *s, const parameters *p)
{
    if (p->count > 1 || (p->count && p->separators[0] != ':'))
        return "want dense or dense:R";
    int64_t rows = p->count ? p->value[0] : 1;
    int64_t tile = add_tile(s);
    s->row_align = rows;
    add(s, RT_LEVEL_dense, RT_ROW, rows, 0);
    add(s, RT_LEVEL_dense, RT_COL, 1, tile);
    add(s, RT_LEVEL_dense, RT_ROW, 1, rows);
    return NULL;
}

static const char *levels_csr(rt_storage *s, const parameters *p)
{
    if (p->count)
        return "csr takes no parameter";
    int64_t tile = add_tile(s);
    add(s, RT_LEVEL_dense, RT_ROW, 1, 0);
    add(s, RT_LEVEL_compressed, RT_COL, 1, tile);
    return NULL;
}

static const char *levels_sell(rt_storage *s, const parameters *p)
{
    if (p->count < 1 || p->count > 2 || strspn(p->separators, ":") != (size_t)p->count)
        return "want sell:R or sell:R:SIGMA";
    if (p->count == 2 && p->value[1] % p->value[0])
        return "SIGMA is not a multiple of the rows that are kept together";
    int64_t tile = add_tile(s);
    s->row_align = p->value[0];
    s->sorted = true;
    s->window = p->count == 2 ? p->value[1] : 0;
    add(s, RT_LEVEL_dense, RT_ROW, p->value[0], 0);
    add(s, RT_LEVEL_slots, RT_SLOT, 1, 0);
    add(s, RT_LEVEL_dense, RT_ROW, 1, p->value[0]);
    add(s, RT_LEVEL_singleton, RT_COL, 1, tile);
    return NULL;
}

static const char *levels_window(rt_storage *s, const parameters *p)
{
    if (p->count != 3 || strcmp(p->separators, "::x") != 0)
        return "want R:WxS, as in window:16:32x4";
    if (p->value[1] > 256 || p->value[2] > p->value[1])
        return "want windows of up to 256 columns and no more slots than columns";
    if (s->request.ktile)
        return "windows take no K tile";
    s->row_align = p->value[0];
    add(s, RT_LEVEL_dense, RT_ROW, p->value[0], 0);
    rt_level *window = add(s, RT_LEVEL_window, RT_COL, 1, 0);
    window->shift = p->value[1];
    window->size = p->value[2];
    add(s, RT_LEVEL_dense, RT_ROW, 1, p->value[0]);
    add(s, RT_LEVEL_singleton, RT_COL, 1, p->value[1]);
    return NULL;
}

static const char *levels_swindow(rt_storage *s, const parameters *p)
{
    s->sorted = true;
    return levels_window(s, p);
}

static const char *levels_zip(rt_storage *s, const parameters *p)
{
    if (p->count < 1 || p->count > 2 || strspn(p->separators, ":") != (size_t)p->count)
        return "want zip:R or zip:R:SIGMA";
    const rt_zip_classes *classes = rt_zip_classes_of(p->value[0]);
    if (!classes)
        return "rows are zipped two or four at a time";
    if (p->count == 2 && p->value[1] % p->value[0])
        return "SIGMA is not a multiple of the rows that are kept together";
    int64_t tile = add_tile(s);
    s->row_align = p->value[0];
    s->sorted = true;
    s->window = p->count == 2 ? p->value[1] : 0;
    add(s, RT_LEVEL_dense, RT_ROW, p->value[0], 0);
    add(s, RT_LEVEL_zipped, RT_SLOT, 1, 0)->classes = classes->count;
    add(s, RT_LEVEL_dense, RT_ROW, 1, p->value[0]);
    add(s, RT_LEVEL_singleton, RT_COL, 1, tile);
    return NULL;
}

static const char *levels_alike(rt_storage *s, const parameters *p)
{
    if (p->count != 1 || p->separators[0] != ':')
        return "want alike:R";
    int64_t tile = add_tile(s);
    s->row_align = p->value[0];
    s->sorted = s->alike = true;
    add(s, RT_LEVEL_dense, RT_ROW, p->value[0], 0);
    add(s, RT_LEVEL_compressed, RT_COL, 1, tile);
    add(s, RT_LEVEL_dense, RT_ROW, 1, p->value[0]);
    return NULL;
}

/* The levels of bsr and bsc down to the blocks. */
static const char *list_blocks(rt_storage *s, const parameters *p)
{
    if (p->count != 2 || p->separators[0] != ':' || p->separators[1] != 'x')
        return "want a block, as in bsr:8x4";
    if (s->request.ktile % p->value[1])
        return "the K tile is not a multiple of the block's columns";
    int64_t tile = add_tile(s);
    s->row_align = p->value[0];
    add(s, RT_LEVEL_dense, RT_ROW, p->value[0], 0);
    add(s, RT_LEVEL_compressed, RT_COL, p->value[1], tile / p->value[1]);
    return NULL;
}

static const char *levels_bsr(rt_storage *s, const parameters *p)
{
    const char *wrong = list_blocks(s, p);
    if (wrong)
        return wrong;
    add(s, RT_LEVEL_dense, RT_ROW, 1, p->value[0]);
    add(s, RT_LEVEL_dense, RT_COL, 1, p->value[1]);
    return NULL;
}

static const char *levels_bsc(rt_storage *s, const parameters *p)
{
    const char *wrong = list_blocks(s, p);
    if (wrong)
        return wrong;
    add(s, RT_LEVEL_dense, RT_COL, 1, p->value[1]);
    add(s, RT_LEVEL_dense, RT_ROW, 1, p->value[0]);
    return NULL;
}

static const char *levels_nm(rt_storage *s, const parameters *p)
{
    if (p->count < 2 || strncmp(p->separators, ":::", (size_t)p->count) != 0)
        return "want nm:N:M or nm:N:M:R";
    int64_t n = p->value[0], m = p->value[1], rows = p->count > 2 ? p->value[2] : 1;
    if (n >= m || m > 256)
        return "want N < M <= 256";
    if (s->request.ktile % m)
        return "the K tile is not a multiple of M";
    int64_t tile = add_tile(s);
    s->row_align = rows;
    add(s, RT_LEVEL_dense, RT_ROW, rows, 0);
    add(s, RT_LEVEL_dense, RT_COL, m, tile / m);
    add(s, RT_LEVEL_dense, RT_SLOT, 1, n);
    add(s, RT_LEVEL_dense, RT_ROW, 1, rows);
    add(s, RT_LEVEL_singleton, RT_COL, 1, m)->crd_bits = 1;
    return NULL;
}

/* A row group is a block of all columns (of the tile), which is there or not. */
static const char *levels_rows(rt_storage *s, const parameters *p)
{
    if (p->count != 1 || p->separators[0] != ':')
        return "want rows:R";
    int64_t tile = add_tile(s), width = tile ? tile : s->cols;
    s->row_align = p->value[0];
    s->sorted = true;
    add(s, RT_LEVEL_dense, RT_ROW, p->value[0], 0);
    add(s, RT_LEVEL_compressed, RT_COL, width ? width : 1, tile ? 1 : 0);
    add(s, RT_LEVEL_dense, RT_COL, 1, width);
    add(s, RT_LEVEL_dense, RT_ROW, 1, p->value[0]);
    return NULL;
}

static const char *levels_columns(rt_storage *s, const parameters *p)
{
    if (p->count != 1 || p->separators[0] != ':')
        return "want columns:R";
    if (s->request.ktile)
        return "columns takes no K tile";
    s->row_align = p->value[0];
    add(s, RT_LEVEL_dense, RT_ROW, p->value[0], 0);
    add(s, RT_LEVEL_listed, RT_COL, 1, 0);
    add(s, RT_LEVEL_dense, RT_ROW, 1, p->value[0]);
    return NULL;
}

static const char *levels_band(rt_storage *s, const parameters *p)
{
    if (p->count != 2 || strcmp(p->separators, "::") != 0 || p->value[0] > p->value[1])
        return "want band:LO:HI with LO <= HI";
    if (s->request.ktile)
        return "band takes no K tile";
    add(s, RT_LEVEL_dense, RT_ROW, 1, 0);
    rt_level *level = add(s, RT_LEVEL_offset, RT_COL, 1, 0);
    level->size = p->value[1] - p->value[0] + 1;
    level->shift = p->value[0];
    return NULL;
}

static const struct {
    const char *name;
    list_levels *list;
} storage_table[] = {
#define STORAGE(name, params, doc) {#name, levels_##name},
#include "runtime/storages.def"
#undef STORAGE
};

static const char *list_named(rt_storage *s)
{
    const char *name = s->request.name;
    size_t length = strcspn(name, ":");
    for (size_t i = 0; i < sizeof storage_table / sizeof storage_table[0]; i++) {
        if (strlen(storage_table[i].name) != length || strncmp(storage_table[i].name, name, length) != 0)
            continue;
        parameters p;
        bool offsets = storage_table[i].list == levels_band;
        if (!parse_parameters(name + length, &p) || (!offsets && !are_counts(&p)))
            return "parameters are one to three numbers of 1 to 4096";
        return storage_table[i].list(s, &p);
    }
    return "there is no such storage";
}

static int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

static bool has_windows(const rt_storage *s)
{
    for (int i = 0; i < s->nlevels; i++)
        if (s->levels[i].kind == RT_LEVEL_window)
            return true;
    return false;
}

int64_t rt_level_coordinates(const rt_storage *s, const rt_level *level)
{
    if (level->axis == RT_SLOT)
        return level->mod;
    int64_t extent = level->axis == RT_ROW ? s->rows : s->cols;
    int64_t all = round_up(extent, level->div) / level->div;
    /* A dense level has all its coordinates even where the matrix ends, and so has a window. */
    bool whole = level->kind == RT_LEVEL_dense || (level->kind == RT_LEVEL_singleton && has_windows(s));
    return level->mod && (whole || level->mod < all) ? level->mod : all;
}

static int64_t saturating_product(int64_t a, int64_t b)
{
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

/* Children of a compressed or slots level at most, given how many parents it has. */
static int64_t most_children(const rt_storage *s, const rt_level *level, int64_t parents)
{
    int64_t each = level->axis == RT_SLOT ? s->cols : rt_level_coordinates(s, level);
    int64_t most = saturating_product(parents, each);
    int64_t pad = s->request.pad > 1 ? s->request.pad : 1;
    int64_t by_count = s->request.nnz < 0 ? INT64_MAX : saturating_product(s->request.nnz, pad);
    return by_count < most ? by_count : most;
}

static int coordinate_bits(int at_least, int64_t largest)
{
    int bits = at_least;
    while (bits < 64 && largest >> bits)
        bits *= 2;
    return bits;
}

/* Sizes and widths of all levels. */
static const char *finish(rt_storage *s)
{
    int64_t positions = 1, scale = s->request.crd_scale > 1 ? s->request.crd_scale : 1;
    for (int i = 0; i < s->nlevels; i++) {
        rt_level *level = &s->levels[i];
        const rt_level_info *info = rt_level_of(level->kind);
        bool slots = level->kind == RT_LEVEL_slots || level->kind == RT_LEVEL_zipped;
        bool counted = !slots && level->kind != RT_LEVEL_offset;
        int64_t coordinates = counted ? rt_level_coordinates(s, level) : level->size;
        if (level->kind == RT_LEVEL_dense)
            level->size = coordinates;
        if (info->has_crd) {
            level->crd_scale = (int)scale;
            level->crd_bits = coordinate_bits(level->crd_bits, coordinates ? (coordinates - 1) * scale : 0);
            if (level->crd_bits > 32)
                return "coordinates times their scale pass 32 bits";
        }
        int64_t most = info->has_pos ? most_children(s, level, positions) : saturating_product(positions, level->size);
        if (info->has_pos)
            level->pos_bits = most > UINT32_MAX ? 64 : 32;
        if (level->kind == RT_LEVEL_window)
            most = saturating_product(most, level->size);
        if (level->kind != RT_LEVEL_singleton)
            positions = most;
        if (positions > max_elements)
            return "it is too large";
    }
    return NULL;
}

static const char *request_fault(const rt_storage_request *r)
{
    if (!rt_dtype_of(r->dtype))
        return "unknown dtype";
    if (r->rows < 0 || r->cols < 0 || saturating_product(r->rows, r->cols) > max_elements)
        return "the shape is out of range";
    if (r->ktile < 0 || r->ktile > INT32_MAX)
        return "the K tile is out of range";
    if (r->pad < 0 || r->pad > MAX_INTERLEAVE || r->crd_scale < 0 || r->crd_scale > MAX_SCALE)
        return "padding or coordinate scale is out of range";
    if (!memchr(r->name, 0, sizeof r->name))
        return "the name is too long";
    return NULL;
}

static bool all_dense(const rt_storage *s)
{
    for (int i = 0; i < s->nlevels; i++)
        if (s->levels[i].kind != RT_LEVEL_dense)
            return false;
    return true;
}

bool rt_storage_make(const rt_storage_request *request, rt_storage *out, rt_error *e)
{
    *out = (rt_storage){.request = *request, .rows = request->rows, .cols = request->cols, .row_align = 1};
    const char *wrong = request_fault(request);
    if (!wrong)
        wrong = list_named(out);
    /* Packing keeps rows and columns of non-zeros in 32 bits, and so does perm. */
    if (!wrong && !all_dense(out) && (out->rows > INT32_MAX - MAX_INTERLEAVE || out->cols > INT32_MAX - MAX_INTERLEAVE))
        wrong = "over 2^31 rows or columns fit dense only";
    if (!wrong)
        wrong = finish(out);
    if (!wrong)
        return true;
    rt_fail(e, SPC_E_ARG, "storage '%.*s' of a %" PRId64 " x %" PRId64 " matrix: %s", (int)sizeof request->name - 1,
            request->name, request->rows, request->cols, wrong);
    return false;
}

bool rt_storage_is_name(const char *name)
{
    rt_storage probe = {.request = {.rows = MAX_INTERLEAVE, .cols = MAX_INTERLEAVE}, .row_align = 1};
    if (strlen(name) >= sizeof probe.request.name)
        return false;
    snprintf(probe.request.name, sizeof probe.request.name, "%s", name);
    probe.rows = probe.cols = MAX_INTERLEAVE;
    return !list_named(&probe);
}

int64_t rt_row_orders(const rt_storage *s)
{
    return s->window && s->request.ktile ? s->levels[0].size : 1;
}

static const char *const pos_names[RT_MAX_LEVELS] = {"pos0", "pos1", "pos2", "pos3", "pos4", "pos5", "pos6", "pos7"};
static const char *const crd_names[RT_MAX_LEVELS] = {"crd0", "crd1", "crd2", "crd3", "crd4", "crd5", "crd6", "crd7"};

int rt_storage_arrays(const rt_storage *s, rt_array_info out[RT_MAX_ARRAYS])
{
    int count = 0;
    for (int i = 0; i < s->nlevels; i++) {
        const rt_level *level = &s->levels[i];
        if (rt_level_of(level->kind)->has_pos)
            out[count++] = (rt_array_info){pos_names[i], level->pos_bits, false};
        if (rt_level_of(level->kind)->has_crd)
            out[count++] = (rt_array_info){crd_names[i], level->crd_bits, false};
    }
    if (s->sorted)
        out[count++] = (rt_array_info){"perm", 32, false};
    out[count++] = (rt_array_info){"values", (int)rt_dtype_bits(s->request.dtype), true};
    return count;
}
