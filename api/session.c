/* session: making and dropping sessions, loading the program's text, and the messages. */
#include "api/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_TEXT = 64 << 20 }; /* of a program or plan; people write them */

spc_status api_out_of_memory(spc_session *s)
{
    s->failure = "spc: error: out of memory, or over the limit that option memory sets\n";
    return s->last = SPC_E_NOMEM;
}

spc_status api_fail(spc_session *s, spc_status status, const char *place, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *text = ir_vformat(s->arena, fmt, args);
    va_end(args);
    ir_report_data(s->diags, IR_ERROR, place ? place : "spc", "%s", text);
    return s->last = status;
}

/* Errors about data bring their place with them: "FILE: TENSOR: error: text". */
spc_status api_fail_error(spc_session *s, const char *place, const rt_error *error)
{
    static const char mark[] = ": error: ";
    const char *at = strstr(error->text, mark);
    if (at)
        return api_fail(s, error->status, ir_strndup(s->arena, error->text, (size_t)(at - error->text)), "%s",
                        at + strlen(mark));
    return api_fail(s, error->status ? error->status : SPC_E_INTERNAL, place, "%s", error->text);
}

spc_status api_errors_since(const spc_session *s, int before)
{
    return ir_error_count(s->diags) > before ? SPC_E_PROGRAM : SPC_OK;
}

bool api_is_dense(const spc_session *s) { return !strcmp(api_option_value(s, API_dense), "yes"); }

const char *api_path_option(const spc_session *s, api_option option)
{
    const char *value = api_option_value(s, option);
    return value && strcmp(value, "none") ? value : NULL;
}

void api_note_input(spc_session *s, const char *path)
{
    for (size_t i = 0; i < s->input_count; i++)
        if (!strcmp(s->inputs[i], path)) return;
    if (s->input_count == s->input_capacity) {
        const size_t capacity = s->input_capacity ? 2 * s->input_capacity : 8;
        const char **inputs = IR_ARRAY(s->arena, const char *, capacity);
        if (s->input_count) memcpy(inputs, s->inputs, s->input_count * sizeof *inputs);
        s->inputs = inputs;
        s->input_capacity = capacity;
    }
    s->inputs[s->input_count++] = ir_strdup(s->arena, path);
}

static void close_file(void *file) { fclose(file); }

/* Reads to the end rather than asking for the size first, so that pipes work. */
static bool read_all(spc_session *s, FILE *file, ir_text *text)
{
    static const size_t chunk = 1 << 16;
    char *buffer = ir_alloc(s->arena, chunk);
    size_t got;
    while ((got = fread(buffer, 1, chunk, file)) > 0 && text->len <= MAX_TEXT) ir_text_add_bytes(text, buffer, got);
    return !ferror(file);
}

spc_status api_read_file(spc_session *s, const char *path, ir_source *out)
{
    ir_text text;
    FILE *file = fopen(path, "re");
    if (!file) return api_fail(s, rt_system_status(errno), path, "cannot open: %s", strerror(errno));
    ir_defer(s->arena, close_file, file);
    ir_text_init(&text, s->arena);
    bool good = read_all(s, file, &text);
    const int cause = errno;
    ir_release(s->arena, file);
    if (!good) return api_fail(s, rt_system_status(cause), path, "cannot read: %s", strerror(cause));
    if (text.len > MAX_TEXT) return api_fail(s, SPC_E_PROGRAM, path, "the text is over %d MB", MAX_TEXT >> 20);
    *out = (ir_source){ir_strdup(s->arena, path), text.data, text.len};
    api_note_input(s, path);
    return SPC_OK;
}

static spc_status fill(spc_session *s)
{
    s->diags = ir_diags_new(s->arena);
    for (int i = 0; i < API_OPTION_COUNT; i++) s->options[i] = api_option_at(i)->preset;
    s->tensors = rt_weights_new();
    return s->tensors ? SPC_OK : SPC_E_NOMEM;
}

static spc_status fill_guarded(spc_session *s)
{
    API_GUARD(s);
    return fill(s);
}

RT_EXPORT spc_status spc_session_new(spc_session **out)
{
    if (!out) return SPC_E_ARG;
    *out = NULL;
    spc_session *s = calloc(1, sizeof *s);
    if (!s) return SPC_E_NOMEM;
    s->arena = ir_arena_new(0);
    spc_status status = s->arena ? fill_guarded(s) : SPC_E_NOMEM;
    if (status) spc_session_free(s);
    else *out = s;
    return status;
}

RT_EXPORT void spc_session_free(spc_session *s)
{
    if (!s) return;
    s->fresh = NULL;
    api_programs_drop(s);
    api_weights_forget(s);
    rt_weights_free(s->tensors);
    if (s->arena) ir_arena_free(s->arena);
    free(s);
}

/* The source is kept also where it is wrong, since messages point into it; a second try needs another session. */
static spc_status load(spc_session *s, const ir_source *source)
{
    api_program *program = NULL;
    if (s->source) return api_fail(s, SPC_E_ARG, source->name, "this session has a program already; use another session");
    ir_source *kept = IR_NEW(s->arena, ir_source);
    *kept = *source;
    s->source = kept;
    spc_status status = api_program_new(s, s->diags, &program);
    if (status) return status;
    s->fresh = program;
    s->loaded = true;
    api_weights_collect(s, program->module);
    return api_weights_check(s);
}

static spc_status load_text(spc_session *s, const char *name, const char *text, size_t len)
{
    char *copy = ir_alloc(s->arena, len + 1);
    if (len) memcpy(copy, text, len);
    const ir_source source = {ir_strdup(s->arena, name), copy, len};
    return load(s, &source);
}

RT_EXPORT spc_status spc_load(spc_session *s, const char *name, const char *text, size_t len)
{
    API_GUARD(s);
    if (!name || (!text && len)) return api_fail(s, SPC_E_ARG, NULL, "spc_load needs a name and a text");
    if (len > MAX_TEXT) return api_fail(s, SPC_E_PROGRAM, name, "the text is over %d MB", MAX_TEXT >> 20);
    return load_text(s, name, text, len);
}

RT_EXPORT spc_status spc_load_file(spc_session *s, const char *path)
{
    API_GUARD(s);
    ir_source source;
    if (!path) return api_fail(s, SPC_E_ARG, NULL, "spc_load_file needs a path");
    spc_status status = api_read_file(s, path, &source);
    return status ? status : load(s, &source);
}

/* The one function that takes a const session: rendering does not change what it says. */
RT_EXPORT const char *spc_messages(const spc_session *s)
{
    if (!s) return "";
    if (setjmp(*ir_guard(s->arena))) return s->failure ? s->failure : "spc: error: out of memory\n";
    const char *text = ir_diags_text(s->diags);
    return s->failure ? ir_format(s->arena, "%s%s", text, s->failure) : text;
}

RT_EXPORT spc_status spc_last_status(const spc_session *s) { return s ? s->last : SPC_E_ARG; }
