/* planner: how good the plans are that spc chooses without measuring. For a grid of patterns, densities, shapes, forms and
 * numbers of columns it runs every plan that the planner thinks of, interleaved, with what was chosen and the dense
 * form, and appends a line of JSON for each cell to a file; bench/planner_report.py reads it.
 *
 *     bench_planner --out=FILE [--match=TEXT] [--n=1,2,...] [--from=UNIT] [--to=UNIT] [--random=SEED] [--cache=DIR] [--wait] [--describe]
 *
 * A unit is a matrix and a form, with all columns; units that stand in FILE are left out, so that a run can be cut in
 * pieces. --random: units of odd shapes, 4 to 1024 rows and columns, instead of the grid. --describe: instead, prints what the model's prediction of each plan is made of. --wait: compiles first, prints "ready", and measures once a line is read, for machines that are shared. */
#include "planner_cell.h"
#include "sizes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct recipe {
    const char *pattern;
    int64_t r, c; /* cells; 0: whole rows or columns */
    double density;
} recipe;

static const recipe kinds[] = {
    {"unstructured", 1, 1, 0.02}, {"unstructured", 1, 1, 0.05}, {"unstructured", 1, 1, 0.1}, {"unstructured", 1, 1, 0.2},
    {"unstructured", 1, 1, 0.3},  {"unstructured", 1, 1, 0.5},  {"unstructured", 1, 1, 0.7}, {"unstructured", 1, 1, 0.9},
    {"2:4", 1, 1, 0.5},           {"1:4", 1, 1, 0.25},          {"block(4, 4)", 4, 4, 0.1},  {"block(4, 4)", 4, 4, 0.3},
    {"block(4, 4)", 4, 4, 0.6},   {"block(16, 1)", 16, 1, 0.1}, {"block(16, 1)", 16, 1, 0.5}, {"block(16, 16)", 16, 16, 0.1},
    {"block(16, 16)", 16, 16, 0.5}, {"rows", 1, 0, 0.3},        {"columns", 0, 1, 0.3},      {"band(-8, 8)", 1, 1, 1},
};
static const int64_t shapes[][2] = {{1024, 1024}, {2048, 512}, {512, 2048}, {256, 256}, {64, 1024}};
enum { KINDS = sizeof kinds / sizeof *kinds, SHAPES = sizeof shapes / sizeof *shapes, UNITS = KINDS * SHAPES * 2 };

typedef struct options {
    const char *out, *match, *cache;
    int64_t n[BENCH_MAX_SIZES];
    int sizes, from, to, random;
    bool wait, describe;
} options;

static uint64_t mix(uint64_t x)
{
    x = (x + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static double chance(int64_t a, int64_t b)
{
    return (double)(mix(mix((uint64_t)a) ^ (uint64_t)b) >> 11) * 0x1p-53;
}

/* Whether an element is kept. N of each M: those whose numbers are smallest in their group. */
static bool keeps(const recipe *kind, int64_t i, int64_t j)
{
    int n, m, lo, hi;
    if (sscanf(kind->pattern, "band(%d, %d)", &lo, &hi) == 2)
        return j - i >= lo && j - i <= hi;
    if (sscanf(kind->pattern, "%d:%d", &n, &m) == 2) {
        int smaller = 0;
        for (int64_t other = j / m * m; other < j / m * m + m; other++)
            smaller += chance(i, other) < chance(i, j);
        return smaller < n;
    }
    return chance(kind->r ? i / kind->r : 0, kind->c ? j / kind->c : 0) < kind->density;
}

static float *make_matrix(const recipe *kind, int64_t rows, int64_t cols)
{
    float *data = calloc((size_t)(rows * cols), sizeof *data);
    for (int64_t i = 0; data && i < rows; i++)
        for (int64_t j = 0; j < cols; j++)
            if (keeps(kind, i, j))
                data[i * cols + j] = (float)(0.5 + chance(i + rows, j));
    return data;
}

static bool is_in_file(const char *path, const char *name)
{
    char *line = NULL, start[200];
    size_t size = 0;
    bool found = false;
    FILE *f = fopen(path, "r");
    snprintf(start, sizeof start, "{\"unit\":\"%s\",", name);
    while (f && !found && getline(&line, &size, f) > 0)
        found = strncmp(line, start, strlen(start)) == 0;
    free(line);
    if (f)
        fclose(f);
    return found;
}

/* Units are ordered so that any stretch of them has every pattern. */
static void of_grid(int number, recipe *kind, int64_t shape[2])
{
    memcpy(shape, shapes[number / (2 * KINDS)], 2 * sizeof *shape);
    *kind = kinds[number / 2 % KINDS];
}

/* Two units of three are unstructured; extents and density are spread evenly over their logarithms, and whole cells. */
static void at_random(int seed, int number, recipe *kind, int64_t shape[2])
{
    double least = 0.02, most = 0.9;
    const int64_t at = (int64_t)seed * 100000 + number * 8;
    *kind = kinds[chance(at, 0) < 2.0 / 3 ? 0 : (int)(chance(at, 1) * KINDS)];
    if (strcmp(kind->pattern, kinds[0].pattern) == 0)
        kind->density = least * pow(most / least, chance(at, 2));
    for (int i = 0; i < 2; i++) {
        int64_t cell = i ? kind->c : kind->r, unit = strchr(kind->pattern, ':') ? 4 : cell > 1 ? cell : 1;
        shape[i] = ((int64_t)(4 * pow(256, chance(at, 3 + i))) + unit - 1) / unit * unit;
    }
}

static void describe(const options *o, int number, bench_unit *unit, recipe *kind)
{
    int64_t shape[2];
    if (o->random)
        at_random(o->random, number, kind, shape);
    else
        of_grid(number, kind, shape);
    *unit = (bench_unit){.pattern = kind->pattern, .rows = shape[0], .cols = shape[1], .linear = number % 2};
    snprintf(unit->name, sizeof unit->name, "%s/%.3g/%" PRId64 "x%" PRId64 "/%s", unit->pattern, kind->density,
             unit->rows, unit->cols, unit->linear ? "linear" : "matmul");
}

static bool select_unit(const options *o, int number, bench_unit *unit)
{
    recipe kind;
    describe(o, number, unit, &kind);
    if ((o->match && !strstr(unit->name, o->match)) || is_in_file(o->out, unit->name))
        return false;
    unit->describe = o->describe ? stdout : NULL;
    unit->cache = o->cache;
    unit->sizes = o->sizes;
    memcpy(unit->n, o->n, sizeof unit->n);
    unit->w = make_matrix(&kind, unit->rows, unit->cols);
    return unit->w != NULL;
}

static bool wait_for_line(void)
{
    int c;
    printf("ready\n");
    fflush(stdout);
    while ((c = getchar()) != '\n')
        if (c == EOF)
            return false;
    return true;
}

static int run(const options *o)
{
    static bench_unit units[UNITS];
    int count = 0;
    FILE *out = fopen(o->out, "a");
    if (!out) {
        perror(o->out);
        return 1;
    }
    for (int i = o->from; i < o->to && i < UNITS; i++)
        if (select_unit(o, i, &units[count]) && bench_unit_prepare(&units[count])) {
            if (o->describe)
                bench_unit_free(&units[count]);
            else
                count++;
        }
    if (o->describe)
        return fclose(out) != 0;
    bool good = !o->wait || wait_for_line();
    for (int i = 0; i < count; i++) {
        good = good && bench_unit_measure(&units[i], out);
        bench_unit_free(&units[i]);
    }
    printf("done: %d units\n", count);
    return fclose(out) != 0 || !good;
}

static bool read_option(options *o, const char *arg)
{
    const char *value = strchr(arg, '=');
    if (strcmp(arg, "--wait") == 0)
        return o->wait = true;
    if (strcmp(arg, "--describe") == 0)
        return o->describe = true;
    if (!value++)
        return false;
    const struct {
        const char *name, **text;
        int *number;
    } table[] = {{"--out=", &o->out, NULL},     {"--match=", &o->match, NULL}, {"--cache=", &o->cache, NULL},
                 {"--from=", NULL, &o->from},   {"--to=", NULL, &o->to},
                 {"--random=", NULL, &o->random}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strncmp(arg, table[i].name, strlen(table[i].name)) == 0) {
            if (table[i].text)
                *table[i].text = value;
            else
                *table[i].number = atoi(value);
            return true;
        }
    return strncmp(arg, "--n=", 4) == 0 && bench_read_sizes(value, o->n, BENCH_MAX_SIZES, &o->sizes);
}

int main(int argc, char **argv)
{
    options o = {.n = {1, 2, 4, 8, 16, 32, 64, 128, 512}, .sizes = 9, .to = UNITS};
    for (int i = 1; i < argc; i++)
        if (!read_option(&o, argv[i])) {
            fprintf(stderr, "bench_planner: %s is not understood; bench/README.md lists the options\n", argv[i]);
            return 2;
        }
    if (!o.out || o.from < 0) {
        fprintf(stderr, "bench_planner: --out=FILE is needed\n");
        return 2;
    }
    return run(&o);
}
