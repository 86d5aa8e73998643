/* storage_text: how the storage of a tensor type is written. Private to ir/: print.c writes, parse reads.
 *
 *     f32[64,64]{sell:4 ktile=256 scale=64 pad=4}
 *
 * The braces hold the request that the storage is made from. What follows from the tensor is left out: the dtype of
 * the values, and rows and columns (the first axis and the rest; the other way round where transposed). */
#ifndef SPC_IR_STORAGE_TEXT_H
#define SPC_IR_STORAGE_TEXT_H

#include "ir/ir.h"

void ir_print_storage(ir_text *, const ir_type *tensor);
/* Reads the text between the braces. False with a message. */
bool ir_parse_storage(const ir_type *tensor, const char *text, size_t len, rt_storage *out, rt_error *);

#endif
