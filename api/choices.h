/* choices: values of a layer's dims as --dim gives them, several for each: "batch=1,8,128,n=3". */
#ifndef SPC_API_CHOICES_H
#define SPC_API_CHOICES_H

#include "api/session.h"

/* One value for each dim. */
typedef struct api_dims {
    size_t count;
    const char **names;
    int64_t *values;
    const char *text; /* "batch=128,n=3" */
} api_dims;

typedef struct api_choices {
    size_t count; /* dims */
    const char **names;
    size_t *value_count;
    int64_t **values;
    size_t all; /* choices of one value for each */
} api_choices;

/* Every dim of the layer needs a value. SPC_E_ARG, reported, for a text that is wrong, a dim without value, too many
 * choices, and a dim that is not the layer's; unless it is one of the module's (may be NULL), which passes it over. */
spc_status api_choices_read(spc_session *, const api_face *, const char *dims, const ir_module *, api_choices *out);
/* SPC_E_ARG, reported: the layer has no dim of this name. */
spc_status api_fail_dim(spc_session *, const api_face *, const char *name, size_t len);
/* The same, but a dim may have no value; `all` is not counted. */
spc_status api_choices_given(spc_session *, const api_face *, const char *dims, const ir_module *, api_choices *out);
/* The index-th choice; the last dim changes first. */
api_dims api_choice(spc_session *, const api_choices *, size_t index);

#endif
