/* measured: what wisdom holds of a kernel: times of its plan, of the planner's, of the best dense one and of others. */
#include "api/explain/explain.h"

#include "api/wisdom.h"
#include "api/bench/bench.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 3 };

/* Lines of ns and terms; what is not of that form is passed over, for the file may hold anything. */
static void say_others(const explain_layer *l, const rt_record *r)
{
    int said = 0;
    for (const char *at = r->others; *at && (l->details || said < FEW); at += strcspn(at, "\n"), at += *at == '\n') {
        char *end;
        const double ns = strtod(at, &end);
        const char *terms = ir_strndup(l->out->arena, end + (*end == ' '), strcspn(end + (*end == ' '), "\n"));
        if (!(ns > 0) || !(r->ns > 0) || *end != ' ' || api_wisdom_refuses(l->session, terms)) continue;
        ir_text_add(l->out, "        %12s %+5.0f %%  %s\n", bench_time_text(l->out->arena, ns), 100 * (ns / r->ns - 1), terms);
        said++;
    }
}

static bool say_record(void *ctx, const rt_record *r)
{
    const explain_layer *l = ctx;
    ir_arena *a = l->out->arena;
    if (!(r->ns > 0) || api_wisdom_refuses(l->session, r->plan)) return true;
    ir_text_add(l->out, "      measured%s%s: %s", *r->dims ? " at " : "", r->dims, bench_time_text(a, r->ns));
    if (r->first_ns > 0 && r->first_ns != r->ns) ir_text_add(l->out, ", the planner's plan %s", bench_time_text(a, r->first_ns));
    if (r->dense_ns > 0 && r->dense_ns != r->ns) ir_text_add(l->out, ", the best dense one %s", bench_time_text(a, r->dense_ns));
    ir_text_add(l->out, "; others:\n");
    say_others(l, r);
    return true;
}

void explain_write_measured(const explain_layer *l, const explain_group *g)
{
    if (g->line && g->line->origin && !strcmp(g->line->origin, "wisdom"))
        api_wisdom_each(l->session, l->program, g->fused, say_record, (void *)l);
}
