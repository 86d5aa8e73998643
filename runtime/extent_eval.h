/* extent_eval: extents (ir/extent.h) as the manifest spells them, evaluated at a call.
 *
 * Grammar: sum of products of numbers, dim names, (...), ceil(a, b), min(a, b), max(a, b), with + - * / and unary
 * minus; / must come out exact. Text is untrusted: every step is checked for overflow and nesting is bounded. */
#ifndef SPC_RT_EXTENT_EVAL_H
#define SPC_RT_EXTENT_EVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the text is of the grammar and names no other dims; whatever it evaluates to. */
bool rt_extent_well_formed(const char *text, const char *const *names, size_t count);

typedef enum rt_solution {
    RT_SOLVED,       /* one dim was not known, and now is */
    RT_ALL_KNOWN,    /* nothing to solve (as far as it could be evaluated) */
    RT_NOT_SOLVABLE, /* two dims are not known, or the extent is not linear in the one */
    RT_NO_SOLUTION,  /* no integer gives this extent; or arithmetic overflows */
} rt_solution;

/* Finds the one dim that is not known so that the extent has the value `want`. */
rt_solution rt_extent_solve(const char *text, const char *const *names, const int64_t *values, const bool *known,
                            size_t count, int64_t want, size_t *dim, int64_t *value);

#endif
