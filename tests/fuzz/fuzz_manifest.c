/* fuzz_manifest: any text as the manifest of a library; what is accepted can be looked up and bound to. */
#include "runtime/binding.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void bind_nothing(const rt_manifest *m)
{
    const void *const *table;
    rt_error error;
    rt_binding *b = rt_binding_new(m);
    if (!b)
        return;
    if ((rt_binding_table(b, &table, &error) == SPC_OK) != (m->nlate == 0))
        abort();
    rt_binding_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rt_manifest *m;
    rt_error error;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    if (rt_manifest_parse(text, &m, &error) == SPC_OK) {
        for (size_t i = 0; i < m->nlayers; i++)
            if (!rt_manifest_layer(m, m->layers[i].name))
                abort();
        bind_nothing(m);
        rt_manifest_free(m);
    }
    free(text);
    return 0;
}
