/* bench: what the parts of spc_bench share. The layer is made twice, as it is compiled and with every weight dense; both
 * forms are facts about their kernels (facts.c) and a function to call (measure.c). probe.c measures the machine,
 * report.c and page.c write. A figure that is not known is NaN here and null in JSON. */
#ifndef SPC_API_BENCH_H
#define SPC_API_BENCH_H

#include "api/choices.h"
#include "api/compile.h"

enum { BENCH_FORMS = 2, BENCH_COMPILED = 0, BENCH_DENSE = 1 };

/* ---- facts.c ---- */

typedef struct bench_packing {
    const char *weight;
    int64_t values, metadata, dense; /* bytes */
} bench_packing;

/* One kernel, as one variant of its plan has it. */
typedef struct bench_variant {
    const char *dim; /* when dim <= limit; NULL: else */
    int64_t limit;
    const char *plan;
    bool stored, dense; /* it has a storage; a dense one */
    size_t uses, *use;  /* packings that it reads */
} bench_variant;

typedef struct bench_kernel {
    const char *name, *operations, *pattern; /* pattern NULL: it multiplies by no packed weight */
    bool shrunk;    /* of the declared weight only a part is left (pass shrink); density is that of the whole */
    double density;
    int64_t nonzeros, outputs;  /* of that weight: non-zeros, extent of its output axis */
    const ir_type *product;     /* of the multiplication's result */
    spc_dtype compute;          /* f32, f64; 0: something that no probe measures */
    const ir_op *fused;
    size_t variant_count;
    bench_variant *variants;
} bench_kernel;

typedef struct bench_form {
    const char *layer;
    api_program *program;
    spc_module *module; /* owns the program */
    api_face face;
    void *function; /* NULL: not native, call through spc_run */
    size_t kernel_count, packing_count;
    bench_kernel *kernels;
    bench_packing *packings;
} bench_form;

/* An api_work for api_jit, ctx a bench_form: gathers the facts and marks every launch as traced. */
spc_status bench_inspect(spc_session *, api_program *, void *form);

typedef api_dims bench_dims;
const bench_variant *bench_variant_at(const bench_kernel *, const bench_dims *);
double bench_flops(const bench_kernel *, const bench_dims *);                     /* on non-zeros; NaN */
double bench_bytes(const bench_form *, const bench_kernel *, const bench_dims *); /* each operand once; NaN */

/* ---- measure.c ---- */

typedef struct bench_times {
    double p50, p95, p99, min; /* ns of one call */
    int64_t runs, dropped; /* calls that count; those of blocks during which the machine changed its pace */
    bool steady;           /* false: it did so all the time, and nothing was dropped */
} bench_times;

typedef struct bench_measured {
    bench_times layer[BENCH_FORMS];
    double *kernel[BENCH_FORMS]; /* p50 of each kernel; NaN */
} bench_measured;

typedef struct bench_setting {
    double seconds;
    uint64_t seed;
    spc_exec exec; /* without scratch */
} bench_setting;

spc_status bench_measure(spc_session *, const bench_form forms[BENCH_FORMS], const bench_dims *, const bench_setting *,
                         bench_measured *out);
double bench_now(void); /* ns */

/* ---- probe.c ---- */

typedef struct bench_machine {
    spc_exec exec;
    double fma[SPC_BOOL + 1]; /* operations per ns by dtype; 0: not measured yet */
    double bandwidth[64 * 8]; /* bytes per ns by size class */
} bench_machine;
/* What this machine does now with the threads of exec; 0 where there is no probe for it. */
double bench_peak(bench_machine *, spc_dtype);
double bench_bandwidth(bench_machine *, double bytes); /* of reading this many bytes over and over */

/* ---- report.c ---- */

/* One kernel at these dims: what follows from facts and times together. */
typedef struct bench_row {
    const bench_kernel *kernel;
    const bench_variant *variant;
    double p50, dense_p50, gflops, roofline;
    double intensity;  /* operations on non-zeros for each byte */
    const char *binds; /* NULL: not known */
} bench_row;

typedef struct bench_summary {
    int64_t values, metadata, dense; /* bytes */
    double speedup, coverage;
    int fallbacks;
} bench_summary;

/* The layer at one choice of dims. */
typedef struct bench_report {
    const char *model, *layer, *cpu, *isa;
    const bench_form *forms;
    const bench_dims *dims;
    const bench_measured *measured;
    bench_machine *machine;
    const bench_row *rows; /* bench_report_fill makes them, and sum */
    bench_summary sum;
} bench_report;
void bench_report_fill(bench_report *); /* probes the machine where it must */
void bench_write_json(const bench_report *, ir_text *);
void bench_write_table(const bench_report *, ir_text *);

/* ---- page.c, weights.c, style.c ---- */

/* All reports as one HTML page that needs nothing else: no scripts, no fonts, no network. */
void bench_write_page(spc_session *, const bench_report *, size_t count, ir_text *);
extern const char bench_page_style[]; /* style.c */
void bench_write_weights(spc_session *, const bench_report *, ir_text *);

/* ---- number.c ---- */

const char *bench_number(ir_arena *, const char *format, double);
const char *bench_json_number(ir_arena *, const char *format, double); /* or null */
const char *bench_figure(ir_arena *, const char *format, double);      /* or - */
const char *bench_time_text(ir_arena *, double ns);
const char *bench_size_text(ir_arena *, int64_t bytes);

#endif
