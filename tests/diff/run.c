/* run: one layer at one set of dims, in every way there is, compared with the interpreted graph. */
#include "tests/diff/diff.h"
#include "runtime/module.h"
#include "runtime/weights.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- memory that faults when it is left ---- */

enum { PAGE = 4096, WATCHED = 64, MARK = 0xc5 };

diff_pages *diff_pages_new(size_t bytes)
{
    diff_pages *p = malloc(sizeof *p);
    diff_need(p, "memory");
    const size_t used = (bytes + WATCHED + PAGE - 1) / PAGE * PAGE;
    p->bytes = bytes;
    p->map_bytes = used + PAGE;
    p->map = mmap(NULL, p->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    diff_need(p->map != MAP_FAILED, "mmap");
    diff_need(mprotect(p->map + used, PAGE, PROT_NONE) == 0, "mprotect");
    p->data = p->map + used - bytes;
    memset(p->data - WATCHED, MARK, WATCHED);
    return p;
}

bool diff_pages_intact(const diff_pages *p)
{
    for (int i = 1; i <= WATCHED; i++)
        if ((uint8_t)p->data[-i] != MARK) return false;
    return true;
}

void diff_pages_free(diff_pages *p)
{
    if (p) munmap(p->map, p->map_bytes);
    free(p);
}

/* ---- tensors of a layer ---- */

enum { MAX_TENSORS = 16, SCRATCH_BYTES = 1 << 26 };

typedef struct slot {
    const ir_op *op; /* input or output */
    spc_tensor tensor;
    int64_t count;
    diff_pages *pages;
    void *wanted; /* outputs: what the reference gives */
} slot;

typedef struct layer {
    diff_unit *unit;
    const diff_run *run;
    const ir_func *graph, *entry;
    slot slots[MAX_TENSORS]; /* inputs, then outputs */
    int inputs, slots_used;
} layer;

static size_t count_dims(const ir_module *m, const char **names, size_t most)
{
    size_t n = 0;
    for (const ir_dim *d = m->dims; d && n < most; d = d->next) names[n++] = d->name;
    return n;
}

/* Fills in the tensor's extents; false where one has no value with these dims. */
static bool shape(layer *l, slot *s, const ir_type *type)
{
    const char *names[16];
    const size_t dims = count_dims(l->unit->reference, names, 16);
    s->tensor.dtype = (spc_dtype)type->dtype;
    s->tensor.rank = type->rank;
    s->count = 1;
    for (int i = 0; i < type->rank; i++) {
        if (!rt_extent_eval(ir_extent_text(type->dims[i]), names, l->run->dims, dims, &s->tensor.dims[i])) return false;
        s->count *= s->tensor.dims[i];
    }
    s->pages = diff_pages_new((size_t)s->count * (size_t)rt_dtype_bits(s->tensor.dtype) / 8);
    s->tensor.data = s->pages->data;
    return true;
}

/* Any float: around zero, spread over exponents, and now and then an extreme one. */
static double draw_spread(diff_random *random)
{
    static const double extremes[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 88.5, -88.5, 104, -104, 1e-40, 3e38, -3e38, 10, -10};
    const uint64_t choice = diff_next(random) % 16;
    const double unit = (double)(diff_next(random) >> 11) * 0x1p-53 * 2 - 1;
    if (choice == 0) return extremes[diff_next(random) % (sizeof extremes / sizeof *extremes)];
    return choice < 10 ? unit * 8 : ldexp(unit, (int)(diff_next(random) % 40) - 30);
}

static bool is_poison(const layer *l, diff_random *random) { return l->run->poisoned && diff_next(random) % 40 == 0; }

static void fill(const layer *l, slot *s, diff_random *random)
{
    const int64_t values = s->tensor.dtype == SPC_BOOL ? 0 : l->run->values;
    for (int64_t i = 0; i < s->count; i++) {
        const int64_t drawn = values ? diff_below(random, 2 * values + 1) - values : diff_below(random, 2);
        if (l->run->spread && s->tensor.dtype == SPC_F32) ((float *)s->tensor.data)[i] = (float)draw_spread(random);
        else if (s->tensor.dtype == SPC_F32 && is_poison(l, random)) ((float *)s->tensor.data)[i] = drawn > 0 ? NAN : INFINITY;
        else diff_put(s->tensor.dtype, s->tensor.data, i, drawn);
    }
}

static bool make_slots(layer *l, ir_opcode code, diff_random *random)
{
    for (const ir_op *op = l->graph->body.first; op; op = op->next) {
        if (op->code != code) continue;
        diff_need(l->slots_used < MAX_TENSORS, "fewer tensors");
        slot *s = &l->slots[l->slots_used++];
        s->op = op;
        if (!shape(l, s, code == IR_OP_output ? op->args[0]->type : op->type)) return false;
        if (code == IR_OP_input) fill(l, s, random);
        else s->wanted = calloc(s->pages->bytes + 1, 1);
        l->inputs += code == IR_OP_input;
    }
    return true;
}

static void free_slots(layer *l)
{
    for (int i = 0; i < l->slots_used; i++) {
        diff_pages_free(l->slots[i].pages);
        free(l->slots[i].wanted);
    }
}

/* ---- ways to run ---- */

static const void *find_dense(void *ctx, const char *weight)
{
    const diff_program *p = ctx;
    for (int i = 0; i < p->weight_count; i++)
        if (!strcmp(p->weights[i].name, weight)) return p->weights[i].dense;
    return NULL;
}

static bool run_reference(layer *l)
{
    spc_tensor in[MAX_TENSORS], out[MAX_TENSORS];
    rt_error error = {0};
    for (int i = 0; i < l->slots_used; i++) {
        if (i < l->inputs) in[i] = l->slots[i].tensor;
        else out[i - l->inputs] = l->slots[i].tensor;
    }
    if (interp_graph(l->unit->reference, l->graph, l->run->dims, find_dense, (void *)l->unit->program, in, out, &error)) {
        snprintf(l->unit->message, sizeof l->unit->message, "reference: %s", error.text);
        return false;
    }
    for (int i = l->inputs; i < l->slots_used; i++)
        if (l->slots[i].pages->bytes) memcpy(l->slots[i].wanted, l->slots[i].tensor.data, l->slots[i].pages->bytes);
    return true;
}

/* The word of an entry's parameter, by its name. */
static uint64_t word_of(const layer *l, const ir_op *param)
{
    const ir_dim *dim = l->unit->reference->dims;
    for (size_t i = 0; param->type->kind != IR_BUFFER && dim; dim = dim->next, i++)
        if (!strcmp(dim->name, param->name)) return (uint64_t)l->run->dims[i];
    for (int i = 0; i < l->slots_used; i++)
        if (!strcmp(l->slots[i].op->name, param->name)) return (uint64_t)(uintptr_t)l->slots[i].tensor.data;
    diff_need(false, "every parameter to be a dim or a tensor");
    return 0;
}

static void backwards(void *ctx, void (*task)(void *, size_t), void *arg, size_t tasks)
{
    (void)ctx;
    for (size_t i = tasks; i-- > 0;) task(arg, i);
}

typedef struct way {
    const char *name;
    int backend; /* of be_at; -1: the interpreter */
    bool threads;
} way;

static int call(const layer *l, const way *w, const spc_exec *exec)
{
    uint64_t words[MAX_TENSORS * 2];
    size_t count = 0;
    for (const ir_op *op = l->entry->body.first; op; op = op->next)
        if (op->code == IR_OP_param) words[count++] = word_of(l, op);
    words[count++] = (uint64_t)(uintptr_t)exec;
    if (w->backend < 0) return interp_entry(l->unit->module, l->entry, words, count, l->unit->weights->data);
    void *function = be_at(w->backend)->symbol(l->unit->images[w->backend], l->entry->name);
    return function ? rt_call_words(function, words, count) : SPC_E_BACKEND;
}

/* ---- comparison ---- */

static bool any_zero_weight(const diff_program *p)
{
    for (int i = 0; i < p->weight_count; i++)
        if (!p->weights[i].full) return true;
    return false;
}

/* docs/language.md lets subnormals be flushed, as the bf16 conversion of AVX-512 does. */
static bool is_flushed(double got, double want)
{
    return got == 0 && fabs(want) < FLT_MIN;
}

/* Zeros are equal whatever their sign, NaNs whatever their bits. */
static bool close_enough(const layer *l, const slot *s, double got, double want)
{
    const diff_tolerance *t = &l->run->tolerance;
    const double absolute = l->run->errors ? l->run->errors[s - l->slots - l->inputs] : t->absolute;
    if (got == want || (isnan(got) && isnan(want)) || is_flushed(got, want)) return true;
    if (l->run->poisoned && !isfinite(want) && any_zero_weight(l->unit->program)) return true;
    return fabs(got - want) <= t->relative * fabs(want) + absolute;
}

static bool compare(const layer *l, const slot *s, const way *w)
{
    const spc_dtype dtype = s->tensor.dtype;
    if (!s->pages->bytes || !memcmp(s->tensor.data, s->wanted, s->pages->bytes)) return true;
    for (int64_t i = 0; i < s->count; i++) {
        const double got = diff_at(dtype, s->tensor.data, i), want = diff_at(dtype, s->wanted, i);
        if (close_enough(l, s, got, want)) continue;
        snprintf(l->unit->message, sizeof l->unit->message, "%s: %s[%lld] is %.9g, not %.9g", w->name, s->op->name,
                 (long long)i, got, want);
        return false;
    }
    return true;
}

static bool check_slots(const layer *l, const way *w)
{
    for (int i = 0; i < l->slots_used; i++) {
        const slot *s = &l->slots[i];
        if (!diff_pages_intact(s->pages)) {
            snprintf(l->unit->message, sizeof l->unit->message, "%s: wrote before %s", w->name, s->op->name);
            return false;
        }
        if (i >= l->inputs && !compare(l, s, w)) return false;
    }
    return true;
}

static bool run_way(const layer *l, const way *w)
{
    spc_exec exec = {sizeof exec, backwards, NULL, 3, NULL, 0};
    diff_pages *scratch = NULL;
    for (int i = l->inputs; i < l->slots_used; i++) memset(l->slots[i].tensor.data, 0xaa, l->slots[i].pages->bytes);
    if (w->threads && l->run->seed % 2) { /* scratch of the caller's, aligned to nothing much */
        scratch = diff_pages_new(SCRATCH_BYTES + 8);
        exec.scratch = scratch->data;
        exec.scratch_bytes = SCRATCH_BYTES;
    }
    const int status = call(l, w, w->threads ? &exec : NULL);
    diff_pages_free(scratch);
    if (!status) return check_slots(l, w);
    snprintf(l->unit->message, sizeof l->unit->message, "%s: status %d", w->name, status);
    return false;
}

/* Serial and on threads. The interpreter is slow: of its two ways one run takes the one, the next the other. */
static bool run_ways(const layer *l)
{
    const bool threads = l->run->seed % 4 < 2;
    const way interpreted = {threads ? "interpreter, 3 threads" : "interpreter", -1, threads};
    if (!run_way(l, &interpreted)) return false;
    for (int i = 0; i < DIFF_MAX_BACKENDS && be_at(i); i++) {
        char names[2][48];
        if (!l->unit->images[i]) continue;
        snprintf(names[0], sizeof names[0], "%s", be_at(i)->name);
        snprintf(names[1], sizeof names[1], "%s, 3 threads", be_at(i)->name);
        for (int t = 0; t < 2; t++)
            if (!run_way(l, &(way){names[t], i, t})) return false;
    }
    return true;
}

bool diff_run_all(diff_unit *u, const diff_run *run)
{
    layer l = {.unit = u, .run = run, .graph = ir_func_find(u->reference, IR_GRAPH, run->layer),
               .entry = ir_func_find(u->module, IR_ENTRY, run->layer)};
    diff_random random = run->seed;
    diff_need(l.graph && l.entry, "a graph and an entry of the layer");
    const bool good = make_slots(&l, IR_OP_input, &random) && make_slots(&l, IR_OP_output, &random) && run_reference(&l)
                      && run_ways(&l);
    free_slots(&l);
    return good;
}
