/* buffers: see buffers.h. */
#include "api/buffers.h"

#include "runtime/cpu.h"
#include "runtime/dtype.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_SETS = 256 };
static const int64_t LARGE_SET = 64 << 20;

void *api_allocate(spc_session *s, int64_t bytes)
{
    void *data = bytes < 0 || bytes > INT64_MAX - 64 ? NULL : aligned_alloc(64, ((size_t)bytes + 64) / 64 * 64);
    if (data) ir_defer(s->arena, free, data);
    return data;
}

int64_t api_tensor_count(const spc_tensor *t)
{
    int64_t count = 1;
    for (int i = 0; i < t->rank; i++)
        if (__builtin_mul_overflow(count, t->dims[i], &count)) return -1;
    return count;
}

int64_t api_tensor_bytes(const spc_tensor *t)
{
    const int64_t count = api_tensor_count(t);
    return count < 0 ? -1 : rt_dtype_bytes(t->dtype, count);
}

/* SplitMix64: the same numbers on every machine. Integers are small, so that they may be indices. */
static void fill(spc_tensor *t, uint64_t *state)
{
    const int64_t count = api_tensor_count(t);
    for (int64_t i = 0; i < count; i++) {
        uint64_t z = *state += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        z ^= z >> 31;
        const double unit = (double)(z >> 11) / 9007199254740992.0;
        rt_value_set(t->dtype, t->data, i, rt_dtype_is_float(t->dtype) ? unit * 2 - 1 : t->dtype == SPC_BOOL ? (double)(z & 1) : (double)(z & 3));
    }
}

/* How many sets make calls go through four times the first cache level; large ones do by themselves. -1: no such memory. */
static int64_t sets_of(const spc_tensor *shapes, size_t each)
{
    int64_t bytes = 0;
    const int64_t l1 = rt_cpu_caches().l1d;
    for (size_t i = 0; i < each; i++) {
        const int64_t more = api_tensor_bytes(&shapes[i]);
        if (more < 0 || __builtin_add_overflow(bytes, more, &bytes)) return -1;
    }
    const int64_t wanted = 4 * (l1 ? l1 : 65536) / (bytes ? bytes : 1) + 2;
    return bytes > LARGE_SET ? 1 : wanted < MOST_SETS ? wanted : MOST_SETS;
}

static bool make_set(spc_session *s, const spc_tensor *shapes, const api_buffers *b, spc_tensor *set, uint64_t *state)
{
    for (size_t i = 0; i < b->nin + b->nout; i++) {
        const int64_t bytes = api_tensor_bytes(&shapes[i]);
        set[i] = shapes[i];
        set[i].data = api_allocate(s, bytes);
        if (!set[i].data) return false;
        memset(set[i].data, 0, (size_t)bytes);
        if (i < b->nin) fill(&set[i], state);
    }
    return true;
}

spc_status api_buffers_make(spc_session *s, const spc_tensor *shapes, size_t nin, size_t nout, uint64_t seed, api_buffers *out)
{
    const size_t each = nin + nout;
    const int64_t sets = sets_of(shapes, each);
    *out = (api_buffers){.sets = sets < 0 ? 0 : (size_t)sets, .nin = nin, .nout = nout};
    out->tensors = IR_ARRAY(s->arena, spc_tensor, out->sets * each);
    bool good = sets > 0;
    for (size_t i = 0; i < out->sets && good; i++) good = make_set(s, shapes, out, out->tensors + i * each, &seed);
    return good ? SPC_OK : api_fail(s, SPC_E_NOMEM, NULL, "no memory for the tensors of the measurement");
}

void api_buffers_release(spc_session *s, api_buffers *b)
{
    for (size_t i = 0; i < b->sets * (b->nin + b->nout); i++)
        if (b->tensors[i].data) ir_release(s->arena, b->tensors[i].data);
    *b = (api_buffers){0};
}
