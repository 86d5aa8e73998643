/* zip: how the rows of a group share columns in a zipped storage. Between packing and generated code.
 *
 * A group's non-zeros are stored in bundles of one value for each row. In the bundles of one class, the same rows share a
 * column, so that code for a class takes each column once; each class is a loop of its own. The last class shares nothing. */
#ifndef SPC_RT_ZIP_H
#define SPC_RT_ZIP_H

#include "runtime/entries.h"

enum { RT_ZIP_ROWS = 4, RT_ZIP_CLASSES = 5 };

typedef struct rt_zip_class {
    unsigned char first[RT_ZIP_ROWS]; /* of each row: the first row that takes the same column */
} rt_zip_class;

typedef struct rt_zip_classes {
    int rows, count;
    rt_zip_class at[RT_ZIP_CLASSES];
} rt_zip_classes;

/* Of groups of so many rows; NULL: there are none. */
const rt_zip_classes *rt_zip_classes_of(int64_t rows);

/* Columns [col, col_end) of the places [place, place_end), at most as many as the classes have rows. */
typedef struct rt_zip_window {
    int64_t place, place_end, col, col_end;
} rt_zip_window;

/* Space to zip one group after the other in. */
typedef struct rt_zipper {
    const rt_zip_classes *classes;
    struct rt_zip_item *items, *sorted;
    int64_t capacity;
} rt_zipper;

/* Appends the `count` entries of one group, in order of (place, column), as bundles from position `first` on: as many as
 * the longest row has entries; shorter ones are padded in columns that they do not use. counts: bundles of each class.
 * `out` has room. False: no memory. */
bool rt_zip_group(rt_zipper *, const rt_entry *from, int64_t count, const rt_zip_window *, uint64_t first, rt_entries *out,
                  int64_t counts[RT_ZIP_CLASSES]);
void rt_zipper_free(rt_zipper *);

#endif
