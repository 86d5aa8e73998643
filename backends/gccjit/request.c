/* request.c: requests as lines of "key value", then the IR text, then, for line tables, one line of places for each op in
 * the order of the text. */
#include "backends/gccjit/request.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

static void add_place(ir_text *out, ir_loc loc)
{
    const char *name = loc.source && loc.source->name ? loc.source->name : "";
    ir_text_add(out, "%d %d ", loc.source ? loc.line : 0, loc.source ? loc.column : 0);
    for (; *name; name++)
        ir_text_add_bytes(out, *name == '\n' ? " " : name, 1);
    ir_text_add(out, "\n");
}

static void add_places(ir_text *out, const ir_block *block)
{
    for (const ir_op *op = block->first; op; op = op->next) {
        add_place(out, op->loc);
        add_places(out, &op->body);
        add_places(out, &op->body2);
    }
}

char *gj_request_write(const ir_func *const *funcs, size_t count, const be_options *options, be_format format,
                       ir_arena *arena, size_t *size)
{
    ir_text out, text, places;
    const ir_target *target = options->target;

    ir_text_init(&out, arena);
    ir_text_init(&text, arena);
    ir_text_init(&places, arena);
    for (size_t i = 0; i < count; i++) {
        const char *printed = ir_print_func(funcs[i], arena);
        ir_text_add_bytes(&text, printed, strlen(printed));
        if (!options->debug)
            continue;
        add_place(&places, funcs[i]->loc);
        add_places(&places, &funcs[i]->body);
    }
    ir_text_add(&out, "tune %s\nfeatures %llx\nvector %d\nprefix %s\ndebug %d\nformat %d\ntext %zu\nplaces %zu\n\n",
                target->gcc_name, (unsigned long long)target->features, target->vector_bytes,
                options->prefix ? options->prefix : "", options->debug, (int)format, text.len, places.len);
    ir_text_add_bytes(&out, text.data, text.len);
    ir_text_add_bytes(&out, places.data, places.len);
    *size = out.len;
    return out.data;
}

/* ---- reading ---- */

/* The value of the line that starts with this key, in the arena; NULL: there is none before the empty line. */
static char *value_of(const char *text, const char *key, ir_arena *arena)
{
    const size_t length = strlen(key);

    for (const char *line = text; line && *line && *line != '\n'; line = strchr(line, '\n'), line += line != NULL)
        if (strncmp(line, key, length) == 0 && line[length] == ' ')
            return ir_strndup(arena, line + length + 1, strcspn(line + length + 1, "\n"));
    return NULL;
}

static bool number_of(const char *text, const char *key, int base, ir_arena *arena, uint64_t *out)
{
    const char *value = value_of(text, key, arena);
    char *end = NULL;

    *out = value ? strtoull(value, &end, base) : 0;
    return value && *value && !*end;
}

bool gj_request_read(const char *text, size_t size, ir_arena *arena, gj_request *out)
{
    uint64_t vector, debug, format, text_bytes, place_bytes;
    const char *body = strstr(text, "\n\n");

    *out = (gj_request){0};
    out->target.gcc_name = value_of(text, "tune", arena);
    out->options.prefix = value_of(text, "prefix", arena);
    if (!body || !out->target.gcc_name || !out->options.prefix
        || !number_of(text, "features", 16, arena, &out->target.features) || !number_of(text, "vector", 10, arena, &vector)
        || !number_of(text, "debug", 10, arena, &debug) || !number_of(text, "format", 10, arena, &format)
        || !number_of(text, "text", 10, arena, &text_bytes) || !number_of(text, "places", 10, arena, &place_bytes))
        return false;
    body += 2;
    const size_t left = size - (size_t)(body - text);
    if (text_bytes > left || place_bytes != left - text_bytes || format > BE_TEXT
        || (vector != 16 && vector != 32 && vector != 64))
        return false;
    out->target.vector_bytes = (int)vector;
    out->options.debug = debug != 0;
    out->format = (be_format)format;
    out->text = ir_strndup(arena, body, text_bytes);
    out->text_bytes = text_bytes;
    out->places = ir_strndup(arena, body + text_bytes, place_bytes);
    return true;
}

/* ---- places ---- */

typedef struct place_reader {
    const char *next;
    ir_arena *arena;
    const ir_source *source; /* the last one read */
} place_reader;

static void read_place(place_reader *r, ir_loc *loc)
{
    int line = 0, column = 0, length = 0;
    const char *end = strchr(r->next, '\n');

    *loc = (ir_loc){0};
    if (!end || sscanf(r->next, "%d %d %n", &line, &column, &length) != 2 || length == 0)
        return;
    const char *name = r->next + length - (r->next[length - 1] == '\n');
    size_t size = name < end ? (size_t)(end - name) : 0;
    if (line > 0 && (!r->source || strlen(r->source->name) != size || memcmp(r->source->name, name, size) != 0)) {
        ir_source *source = IR_NEW(r->arena, ir_source);
        *source = (ir_source){ir_strndup(r->arena, name, size), "", 0};
        r->source = source;
    }
    if (line > 0)
        *loc = (ir_loc){r->source, line, column, 1};
    r->next = end + 1;
}

static void place_block(place_reader *r, const ir_block *block)
{
    for (ir_op *op = block->first; op; op = op->next) {
        read_place(r, &op->loc);
        place_block(r, &op->body);
        place_block(r, &op->body2);
    }
}

void gj_request_place(const gj_request *request, ir_module *module)
{
    place_reader r = {request->places, module->arena, NULL};

    for (ir_func *f = module->funcs; f && request->options.debug; f = f->next) {
        read_place(&r, &f->loc);
        place_block(&r, &f->body);
    }
}
