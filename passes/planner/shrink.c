/* shrink: how far axes are shrunk (passes/shrink.c).
 *
 * Rows of activations that are a multiple of a vector long need no tails, and lie aligned: a few places more cost less.
 * What saves under an eighth is left alone: it would take the alignment of round extents for little. */
#include "passes/planner/planner.h"

enum { LANES = 16, WIDE = 128 };

int64_t planner_keeps(int64_t places, int64_t needed)
{
    const int64_t lanes = places >= WIDE ? LANES : LANES / 4;
    needed = needed < 1 ? 1 : needed;
    const int64_t kept = places >= lanes ? (needed + lanes - 1) / lanes * lanes : needed;
    return kept <= places - places / 8 && kept < places ? kept : places;
}
