/* weights: the table of tensors that files and memory offer, and the search in it.
 *
 * A weights file offers its tensors by the names it has for them; NAME=FILE and memory offer one tensor by the
 * weight's own name. What a search finds stays with the table, so that matrices live as long as it does. */
#include "runtime/weights.h"

#include "runtime/file.h"
#include "runtime/matrix_file.h"
#include "runtime/npy.h"
#include "runtime/safetensors.h"
#include "runtime/source.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* One thing that was given: a weights file, or one tensor for one weight. */
typedef struct offer {
    char *file;   /* the path; NULL for memory */
    char *weight; /* the only weight it is for; NULL: all, by tensor names */
    rt_mapping mapping;
    rt_directory directory;
    spc_tensor tensor; /* for memory and .npy */
    bool is_text;
    rt_matrix_file text;
    const char *dtype_text;
    void *owned;
} offer;

typedef struct finding {
    char *name, *tensor, *place;
    rt_declaration declaration;
    rt_holding holding;
    int64_t from, searched; /* the offer it came from, and how many there were then */
} finding;

struct rt_weights {
    offer *offers;
    finding **findings;
    int64_t noffers, nfindings, offers_room, findings_room;
    bool seeded;
    uint64_t seed;
};

rt_weights *rt_weights_new(void) { return calloc(1, sizeof(rt_weights)); }

static void free_offer(offer *o)
{
    rt_directory_free(&o->directory);
    rt_matrix_file_free(&o->text);
    rt_file_unmap(&o->mapping);
    free(o->file);
    free(o->weight);
    free(o->owned);
}

static void free_finding(finding *f)
{
    if (!f)
        return;
    rt_holding_free(&f->holding);
    free(f->name);
    free(f->tensor);
    free(f->place);
    free(f);
}

void rt_weights_free(rt_weights *w)
{
    if (!w)
        return;
    for (int64_t i = 0; i < w->noffers; i++)
        free_offer(&w->offers[i]);
    for (int64_t i = 0; i < w->nfindings; i++)
        free_finding(w->findings[i]);
    free(w->offers);
    free(w->findings);
    free(w);
}

bool rt_weights_empty(const rt_weights *w) { return w->noffers == 0; }

void rt_weights_seed(rt_weights *w, uint64_t seed)
{
    w->seeded = true;
    w->seed = seed;
}

static bool grow(void **items, int64_t count, int64_t *room, size_t size)
{
    if (count < *room)
        return true;
    int64_t more = *room * 2 + 8;
    void *grown = realloc(*items, (size_t)more * size);
    if (!grown)
        return false;
    *items = grown;
    *room = more;
    return true;
}

static spc_status no_memory(rt_error *e) { return rt_fail(e, SPC_E_NOMEM, "out of memory while reading weights"); }

/* Takes over the offer, also when it fails. */
static spc_status add_offer(rt_weights *w, offer *o, rt_error *e)
{
    if (!grow((void **)&w->offers, w->noffers, &w->offers_room, sizeof *w->offers)) {
        free_offer(o);
        return no_memory(e);
    }
    w->offers[w->noffers++] = *o;
    return SPC_OK;
}

/* ---- giving ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

const char *rt_weights_file_of(const char *spec)
{
    const char *at = spec;
    while (isalnum((unsigned char)*at) || *at == '_' || *at == '.')
        at++;
    return *at == '=' && at > spec ? at + 1 : NULL;
}

static spc_status open_safetensors(offer *o, rt_error *e)
{
    spc_status status = rt_file_map(o->file, &o->mapping, e);
    if (status != SPC_OK)
        return status;
    status = rt_safetensors_read(o->mapping.data, o->mapping.size, o->file, &o->directory, e);
    if (status == SPC_OK && o->weight && o->directory.count != 1)
        status = rt_fail(e, SPC_E_PROGRAM, "%s: error: NAME=FILE takes a file of one tensor; this one has %lld", o->file,
                         (long long)o->directory.count);
    return status;
}

static spc_status open_npy(offer *o, rt_error *e)
{
    rt_npy npy;
    bool bits;
    spc_status status = rt_npy_read_any(o->file, &npy, &bits, e);
    if (status != SPC_OK)
        return status;
    o->owned = npy.owned;
    o->tensor = npy.tensor;
    o->dtype_text = bits ? "u16" : NULL;
    return SPC_OK;
}

static spc_status open_mtx(offer *o, rt_error *e)
{
    o->is_text = true;
    return rt_mtx_read(o->mapping.data, o->mapping.size, o->file, &o->text, e);
}

static spc_status open_smtx(offer *o, rt_error *e)
{
    o->is_text = true;
    return rt_smtx_read(o->mapping.data, o->mapping.size, o->file, &o->text, e);
}

/* The text is not needed once it is read. */
static spc_status open_text(offer *o, spc_status read(offer *, rt_error *), rt_error *e)
{
    spc_status status = rt_file_map(o->file, &o->mapping, e);
    if (status == SPC_OK)
        status = read(o, e);
    rt_file_unmap(&o->mapping);
    return status;
}

static spc_status open_offer(offer *o, rt_error *e)
{
    const bool npy = ends_with(o->file, ".npy"), mtx = ends_with(o->file, ".mtx"), smtx = ends_with(o->file, ".smtx");
    if (!npy && !mtx && !smtx)
        return open_safetensors(o, e);
    if (!o->weight)
        return rt_fail(e, SPC_E_ARG, "%s holds one tensor without a name: give it as NAME=%s", o->file, o->file);
    return npy ? open_npy(o, e) : open_text(o, mtx ? open_mtx : open_smtx, e);
}

spc_status rt_weights_add_file(rt_weights *w, const char *spec, rt_error *e)
{
    const char *file = rt_weights_file_of(spec);
    offer o = {.file = strdup(file ? file : spec), .weight = file ? strndup(spec, (size_t)(file - spec - 1)) : NULL};
    spc_status status = !o.file || (file && !o.weight) ? no_memory(e) : open_offer(&o, e);
    if (status == SPC_OK)
        return add_offer(w, &o, e);
    free_offer(&o);
    return status;
}

static int64_t tensor_count(const spc_tensor *t)
{
    int64_t count = 1;
    if (t->rank < 0 || t->rank > RT_MAX_RANK)
        return -1;
    for (int i = 0; i < t->rank; i++)
        if (t->dims[i] < 0 || __builtin_mul_overflow(count, t->dims[i], &count))
            return -1;
    return count;
}

spc_status rt_weights_add_tensor(rt_weights *w, const char *weight, const spc_tensor *tensor, rt_error *e)
{
    int64_t bytes = rt_dtype_bytes(tensor->dtype, tensor_count(tensor));
    if (bytes < 0 || (bytes && !tensor->data))
        return rt_fail(e, SPC_E_ARG, "weight '%s': not a tensor: dtype, rank, extents or data are wrong", weight);
    for (int64_t i = 0; i < w->noffers; i++)
        if (!w->offers[i].file && strcmp(w->offers[i].weight, weight) == 0)
            return rt_fail(e, SPC_E_ARG, "weight '%s' is bound twice", weight);
    offer o = {.weight = strdup(weight), .tensor = *tensor};
    o.owned = o.tensor.data = aligned_alloc(64, ((size_t)bytes + 127) / 64 * 64);
    if (!o.weight || !o.owned) {
        free_offer(&o);
        return no_memory(e);
    }
    if (bytes)
        memcpy(o.owned, tensor->data, (size_t)bytes);
    return add_offer(w, &o, e);
}

void rt_weights_take_back(rt_weights *w)
{
    int64_t last = w->noffers - 1, kept = 0;
    for (int64_t i = 0; i < w->nfindings; i++) {
        finding *f = w->findings[i];
        if (f->from == last) {
            free_finding(f);
            continue;
        }
        f->searched = f->searched > last ? last : f->searched;
        w->findings[kept++] = f;
    }
    w->nfindings = kept;
    free_offer(&w->offers[last]);
    w->noffers = last;
}

/* ---- finding ---- */

/* NumPy has no bf16: 16-bit integers are one where one is declared, and no dtype of the language elsewhere. */
static rt_source source_of_tensor(const offer *o, const spc_tensor *t, spc_dtype declared)
{
    bool no_dtype = o->dtype_text && declared != SPC_BF16;
    rt_source s = {.file = o->file ? o->file : "memory", .tensor = o->weight,
                   .dtype = no_dtype ? (spc_dtype)0 : t->dtype, .dtype_text = o->dtype_text ? o->dtype_text : "",
                   .rank = t->rank, .count = tensor_count(t), .data = t->data};
    memcpy(s.dims, t->dims, sizeof s.dims);
    return s;
}

static spc_dtype dtype_of_file(const char *name)
{
    for (int dtype = SPC_F32; rt_dtype_of((spc_dtype)dtype); dtype++) {
        const char *known = rt_dtype_of((spc_dtype)dtype)->safetensors;
        if (known && strcmp(known, name) == 0)
            return (spc_dtype)dtype;
    }
    return (spc_dtype)0;
}

static rt_source source_of_entry(const offer *o, const rt_file_tensor *t)
{
    rt_source s = {.file = o->file, .tensor = t->name, .dtype = dtype_of_file(t->dtype), .dtype_text = t->dtype,
                   .rank = t->rank, .count = t->count, .data = t->data};
    memcpy(s.dims, t->dims, sizeof s.dims);
    return s;
}

/* A tensor that fits a declaration by name: plain, the parts of a CSR one, or the matrix of a text file. */
typedef struct candidate {
    bool is_csr;
    const rt_matrix_file *text;
    rt_source part[3];
} candidate;

static const char *const csr_suffix[3] = {"crow_indices", "col_indices", "values"};

/* The parts of a CSR tensor. `values` alone may be a tensor of another weight, and is no sign of one. */
static spc_status find_csr(const offer *o, const char *tensor, candidate *out, bool *found, rt_error *e)
{
    const rt_file_tensor *part[3];
    char name[512];
    *found = false;
    for (int i = 0; i < 3; i++) {
        if (snprintf(name, sizeof name, "%s.%s", tensor, csr_suffix[i]) >= (int)sizeof name)
            return SPC_OK;
        part[i] = rt_directory_find(&o->directory, name);
    }
    if (!part[0] && !part[1])
        return SPC_OK;
    for (int i = 0; i < 3; i++) {
        if (!part[i])
            return rt_fail(e, SPC_E_PROGRAM, "%s: %s: error: '%s.%s' is missing, which its other CSR parts need",
                           o->file, tensor, tensor, csr_suffix[i]);
        out->part[i] = source_of_entry(o, part[i]);
    }
    *found = out->is_csr = true;
    return SPC_OK;
}

typedef struct search {
    const rt_declaration *declaration;
    candidate found;
    const offer *from;
    int count;
    rt_error *error;
} search;

static spc_status note(search *s, const offer *o, const candidate *c)
{
    if (s->count++ == 0) {
        s->found = *c;
        s->from = o;
        return SPC_OK;
    }
    const rt_source *first = &s->found.part[0];
    return rt_source_fail(&c->part[0], s->error, "weight '%s' is found twice; also in %s: %s", s->declaration->name,
                          first->file, first->tensor);
}

static spc_status search_offer(search *s, const offer *o)
{
    const rt_declaration *d = s->declaration;
    candidate c = {0};
    bool found;
    if (o->weight && strcmp(o->weight, d->name) != 0)
        return SPC_OK;
    if (o->is_text) {
        c.text = &o->text;
        c.part[0] = (rt_source){.file = o->file, .tensor = o->weight};
        return note(s, o, &c);
    }
    if (o->weight) {
        c.part[0] = o->directory.count ? source_of_entry(o, &o->directory.tensors[0])
                                       : source_of_tensor(o, &o->tensor, d->dtype);
        return note(s, o, &c);
    }
    const rt_file_tensor *plain = rt_directory_find(&o->directory, d->tensor);
    if (plain) {
        c.part[0] = source_of_entry(o, plain);
        spc_status status = note(s, o, &c);
        if (status != SPC_OK)
            return status;
    }
    c = (candidate){0};
    spc_status status = find_csr(o, d->tensor, &c, &found, s->error);
    return status == SPC_OK && found ? note(s, o, &c) : status;
}

static spc_status run_search(const rt_weights *w, search *s)
{
    for (int in_files = 0; in_files < 2 && !s->count; in_files++)
        for (int64_t i = 0; i < w->noffers; i++) {
            if ((w->offers[i].file != NULL) != (in_files == 1))
                continue;
            spc_status status = search_offer(s, &w->offers[i]);
            if (status != SPC_OK)
                return status;
        }
    return SPC_OK;
}

static bool same_declaration(const finding *f, const rt_declaration *d)
{
    const rt_declaration *k = &f->declaration;
    return k->dtype == d->dtype && k->rank == d->rank && strcmp(f->name, d->name) == 0 &&
           strcmp(f->tensor, d->tensor) == 0 && memcmp(k->dims, d->dims, sizeof *d->dims * (size_t)d->rank) == 0;
}

/* The latest, since an offer from memory may have come before one from a file. */
static finding *recall(const rt_weights *w, const rt_declaration *d)
{
    for (int64_t i = w->nfindings; i > 0; i--)
        if (same_declaration(w->findings[i - 1], d))
            return w->findings[i - 1];
    return NULL;
}

static finding *new_finding(const rt_declaration *d, const search *s)
{
    finding *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    const rt_source *part = &s->found.part[0];
    f->declaration = *d;
    f->name = strdup(d->name);
    f->tensor = strdup(d->tensor);
    if (f->name && f->tensor && asprintf(&f->place, "%s: %s", part->file, s->found.is_csr ? d->tensor : part->tensor) >= 0)
        return f;
    f->place = NULL;
    free_finding(f);
    return NULL;
}

static spc_status hold(const rt_weights *w, const search *s, rt_holding *out, rt_error *e)
{
    const candidate *c = &s->found;
    if (c->text)
        return rt_matrix_file_take(c->text, &c->part[0], s->declaration, w->seeded ? &w->seed : NULL, out, e);
    return c->is_csr ? rt_source_csr(c->part, s->declaration, out, e) : rt_source_dense(&c->part[0], s->declaration, out, e);
}

static spc_status take_found(rt_weights *w, const search *s, rt_matrix *out, rt_error *e)
{
    const rt_declaration *d = s->declaration;
    finding *f = new_finding(d, s);
    if (!f || !grow((void **)&w->findings, w->nfindings, &w->findings_room, sizeof *w->findings)) {
        free_finding(f);
        return no_memory(e);
    }
    spc_status status = hold(w, s, &f->holding, e);
    if (status != SPC_OK) {
        free_finding(f);
        return status;
    }
    f->from = s->from - w->offers;
    f->searched = w->noffers;
    w->findings[w->nfindings++] = f;
    *out = f->holding.matrix;
    return SPC_OK;
}

/* What was found before stands, unless offers came since: they may hold the tensor a second time. */
spc_status rt_weights_find(rt_weights *w, const rt_declaration *d, rt_matrix *out, bool *found, rt_error *e)
{
    finding *known = recall(w, d);
    search s = {.declaration = d, .error = e};
    *found = false;
    if (!known || known->searched != w->noffers) {
        spc_status status = run_search(w, &s);
        if (status != SPC_OK || !s.count)
            return status;
    }
    *found = true;
    if (!known || (s.count && known->from != s.from - w->offers))
        return take_found(w, &s, out, e);
    known->searched = w->noffers;
    *out = known->holding.matrix;
    return SPC_OK;
}

const char *rt_weights_place(rt_weights *w, const rt_declaration *d)
{
    const finding *known = recall(w, d);
    return known ? known->place : "";
}

/* ---- what else there is ---- */

static bool is_taken(const rt_weights *w, const char *tensor)
{
    for (int64_t i = 0; i < w->nfindings; i++)
        if (strcmp(w->findings[i]->tensor, tensor) == 0)
            return true;
    return false;
}

static bool has_shape(const rt_file_tensor *t, const rt_declaration *d)
{
    return t->rank == d->rank && t->rank <= RT_MAX_RANK && memcmp(t->dims, d->dims, sizeof *d->dims * (size_t)d->rank) == 0;
}

size_t rt_weights_alike(const rt_weights *w, const rt_declaration *d, char *text, size_t size)
{
    size_t count = 0, used = 0;
    *text = '\0';
    for (int64_t i = 0; i < w->noffers; i++)
        for (int64_t k = 0; k < w->offers[i].directory.count && !w->offers[i].weight; k++) {
            const rt_file_tensor *t = &w->offers[i].directory.tensors[k];
            if (!has_shape(t, d) || is_taken(w, t->name))
                continue;
            size_t length = strlen(t->name) + (count ? 4 : 2);
            count++;
            if (count <= 3 && used + length < size)
                used += (size_t)sprintf(text + used, "%s\"%s\"", count > 1 ? ", " : "", t->name);
        }
    return count;
}
