/* estimate: what a storage will hold, from its list of levels and the facts alone, before anything is packed.
 *
 * One step per level takes the expected number of positions, and the rows and columns of the matrix that one of them
 * spans, from the level above to the one below: as packing does, with expectations in place of counts. The pattern's cells are taken to
 * be held independently of one another. */
#include "passes/planner/planner.h"

#include <math.h>

typedef struct span {
    const planner_facts *f;
    const rt_storage *storage;
    double positions, rows, cols; /* of the matrix, below one position */
    double columns;  /* positions that differ in their column; rows of one bundle share it */
    double shared;   /* columns of a bundle against its values */
    bool inside;     /* below the row group */
    bool looped;     /* the loop over the group's columns was met */
} span;

static double at_least_one(double x)
{
    return x < 1 ? 1 : x;
}

/* Chance that a piece of the matrix of this size holds anything. */
static double held(const planner_facts *f, double rows, double cols)
{
    double cells = ceil(rows / f->cell_rows) * ceil(cols / f->cell_cols);
    return f->cell_density >= 1 ? 1 : 1 - pow(1 - f->cell_density, at_least_one(cells));
}

/* The longest of `rows` rows with `mean` non-zeros each among `cols`: mean plus so many standard deviations. Rows are
 * sorted by their whole length, so that without K tiles only neighbours differ, and with them what chance does; in
 * windows they are sorted by their length in the tile. */
static double longest(const span *s, double rows, double mean, double cols)
{
    bool tiled = s->storage->request.ktile > 0 && !s->storage->window;
    double chance = sqrt(mean * (1 - s->f->density)), away = sqrt(2 * log(at_least_one(rows))) * 0.62;
    double groups = at_least_one((double)(s->storage->window ? s->storage->window : s->storage->rows) / rows);
    double value = mean + (tiled ? chance * away : chance * 2 * away / groups);
    return value > cols ? cols : value;
}

/* Positions below a level are counted by how many columns differ: only columns and slots make new ones. */
static void multiply(span *s, double by, bool new_column)
{
    s->positions *= by;
    if (new_column)
        s->columns *= by;
}

static void dense_level(span *s, const rt_level *level)
{
    if (level->axis == RT_ROW) {
        if (level->mod == 0 && level->div >= 1)
            s->rows = (double)level->div;
        else
            s->rows = 1;
    } else if (level->axis == RT_COL) { /* the last K tile may be narrower than the others */
        s->cols = s->inside ? (double)level->div : s->cols / (double)level->size;
    }
    multiply(s, (double)level->size, level->axis != RT_ROW || !s->inside);
}

static void compressed_level(span *s, const rt_level *level)
{
    double coordinates = ceil(s->cols / (double)level->div);
    s->cols = fmin(s->cols, (double)level->div);
    /* Rows that are sorted put empty ones together: a group holds something as often as a row does. */
    bool by_count = s->storage->sorted && !s->storage->alike;
    double rows = by_count ? 1 : s->rows, children = coordinates * held(s->f, rows, s->cols);
    if (by_count && s->positions > 0)
        children = ceil(s->positions * children) / s->positions;
    multiply(s, children, true);
}

/* A window moves on once every row has taken what it may: at least as often as the columns, and as the slots, go round, and
 * more often the more rows there are of which one may lag behind. Fitted to windows of random rows. */
double planner_windows(double density, double cols, double rows, double width, double slots)
{
    double held = width * density, lag = 0.34 * log2(rows + 1) * (1 - 0.45 * density) / pow(slots, 0.65);
    double each = held / slots + lag;
    return held > 0 ? (each > 1 ? each : 1) * cols / width : 0;
}

static void window_level(span *s, const rt_level *level, planner_population *out)
{
    double slots = (double)level->size;
    double windows = planner_windows(s->f->density, s->cols, s->rows, (double)level->shift, slots);
    out->windows = s->positions * windows;
    out->metadata_bytes += out->windows * level->crd_bits / 8;
    multiply(s, windows * slots, true);
}

/* Coordinates stand once for all parents. */
static void listed_level(span *s, const rt_level *level, planner_population *out)
{
    double listed = s->cols * held(s->f, s->f->cell_rows, 1);
    out->metadata_bytes += listed * level->crd_bits / 8;
    multiply(s, listed, true);
}

static void slots_level(span *s)
{
    double pad = s->storage->request.pad > 1 ? (double)s->storage->request.pad : 1;
    double mean = s->cols * s->f->density;
    double slots = longest(s, s->rows, mean, s->cols) + (pad - 1) / 2;
    multiply(s, slots < pad && mean > 0.05 ? pad : slots, true);
}

/* Columns that a bundle takes: one for all four rows of a column that is full, two for pairs; of columns that hold three
 * rows one goes alone. A part of the pairs finds no complement in its K tile. */
static double shared_columns(const span *s, int rows)
{
    static const double UNPAIRED = 0.15;
    double d = s->f->density, empty = 1 - d;
    if (rows == 2)
        return 1 - d / 2;
    double paired = 1 - 0.5 * (1 - UNPAIRED);
    return d * d * d / 4 + 3 * d * d * empty * (2 * paired + 1) / 3 + 3 * d * empty * empty * paired + empty * empty * empty;
}

/* Loops of most classes of columns are empty or short. */
static const double EMPTY_CLASS = 0.25;

static void one_level(span *s, const rt_level *level, planner_population *out)
{
    bool group = level->kind == RT_LEVEL_dense && level->axis == RT_ROW && !level->mod;
    bool tile = level->kind == RT_LEVEL_dense && level->axis == RT_COL && !s->inside;
    double before = s->positions;
    switch (level->kind) {
    case RT_LEVEL_dense: dense_level(s, level); break;
    case RT_LEVEL_compressed: compressed_level(s, level); break;
    case RT_LEVEL_zipped: s->shared = shared_columns(s, (int)s->storage->row_align); /* fall through */
    case RT_LEVEL_slots: slots_level(s); break;
    case RT_LEVEL_window: window_level(s, level, out); break;
    case RT_LEVEL_singleton: s->columns = s->positions * s->shared; break;
    case RT_LEVEL_listed: listed_level(s, level, out); break;
    case RT_LEVEL_offset: multiply(s, (double)level->size, true); break;
    default: break;
    }
    if (s->inside && !s->looped && !(level->axis == RT_ROW)) {
        s->looped = true;
        out->runs = before * (level->classes ? 1 + EMPTY_CLASS * (level->classes - 1) : 1);
        out->steps = out->windows > 0 ? out->windows : s->positions;
        out->counted = rt_level_of(level->kind)->has_pos && level->kind != RT_LEVEL_listed;
    }
    s->inside |= group && !tile;
    if (rt_level_of(level->kind)->has_crd && level->kind != RT_LEVEL_listed && level->kind != RT_LEVEL_window) {
        out->coordinates += s->positions;
        out->narrow += level->crd_bits < 8 ? s->positions : 0;
        out->metadata_bytes += s->positions * level->crd_bits / 8;
    }
    if (rt_level_of(level->kind)->has_pos && level->kind != RT_LEVEL_listed)
        out->metadata_bytes += before * (level->classes ? level->classes : 1) * level->pos_bits / 8;
}

void planner_estimate(const planner_facts *f, const rt_storage *storage, planner_population *out)
{
    span s = {.f = f, .storage = storage, .positions = 1, .columns = 1, .shared = 1};
    s.rows = (double)storage->rows;
    s.cols = (double)storage->cols;
    *out = (planner_population){0};
    for (int i = 0; i < storage->nlevels; i++)
        one_level(&s, &storage->levels[i], out);
    out->stored = s.positions;
    out->columns = s.columns;
    out->value_bytes = s.positions * ir_dtype_of((ir_dtype)storage->request.dtype)->bytes;
    if (storage->sorted)
        out->metadata_bytes += 4 * (double)(storage->rows * rt_row_orders(storage));
}
