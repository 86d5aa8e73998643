/* planner_cell: one matrix and form: all the plans that the planner thinks of, compiled and raced. */
#ifndef BENCH_PLANNER_CELL_H
#define BENCH_PLANNER_CELL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { BENCH_MAX_SIZES = 16 };

typedef struct bench_unit {
    char name[120];
    const char *pattern; /* as in SDL */
    const char *cache;   /* folder of compiled objects; NULL: none */
    int64_t rows, cols;
    bool linear;
    int64_t n[BENCH_MAX_SIZES];
    int sizes;
    FILE *describe; /* not NULL: instead of compiling, write a line on each plan there */
    float *w; /* owned */
    struct bench_plans *plans;
} bench_unit;

/* Enumerates, and compiles or describes. False: said on stderr. */
bool bench_unit_prepare(bench_unit *);
/* Races each number of columns and writes a line for it. */
bool bench_unit_measure(bench_unit *, FILE *out);
void bench_unit_free(bench_unit *);

#endif
