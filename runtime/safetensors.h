/* safetensors: the directory of a weights file, checked before anything in it is used. Inside runtime/ only. */
#ifndef SPC_RT_SAFETENSORS_H
#define SPC_RT_SAFETENSORS_H

#include "runtime/dtype.h"
#include "runtime/error.h"

enum { RT_MAX_RANK = 8 };

typedef struct rt_file_tensor {
    char *name;
    char dtype[16];          /* as the file writes it: "F32", "I64" */
    int rank;                /* may pass RT_MAX_RANK: then dims are the first ones */
    int64_t dims[RT_MAX_RANK];
    int64_t count;           /* elements */
    int64_t begin, end;      /* bytes of the data area */
    const unsigned char *data; /* may be misaligned; not NULL even where empty */
} rt_file_tensor;

typedef struct rt_directory {
    int64_t count;
    rt_file_tensor *tensors; /* by name */
} rt_directory;

/* Reads the header of a whole file in memory, which must outlive the directory. `file` is its name, for messages.
 * Bounded: memory is proportional to the number of tensors, time to the header's length. */
spc_status rt_safetensors_read(const unsigned char *bytes, size_t size, const char *file, rt_directory *out,
                               rt_error *);
const rt_file_tensor *rt_directory_find(const rt_directory *, const char *name);
void rt_directory_free(rt_directory *);

/* Bits of an element of a safetensors dtype; 0 where it is not known. */
int rt_safetensors_bits(const char *dtype);

#endif
