/* scan: the bytes of a file, before the lexer sees them.
 *
 * Comments and strings would swallow NULs and malformed UTF-8, so those are looked for here. The lexer gets a copy in
 * which they are blanked: one message for them, and the rest of the file is still checked. */
#include "frontend/context.h"

#include <string.h>

/* Bytes of the UTF-8 character at text (RFC 3629: no surrogates, no overlong forms, up to U+10FFFF); 0: malformed. */
static int character_length(const unsigned char *text, size_t left)
{
    unsigned char lead = text[0], low = 0x80, high = 0xbf;
    if (lead < 0x80) return 1;
    int len = lead >= 0xc2 && lead <= 0xdf ? 2 : (lead & 0xf0) == 0xe0 ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
    if (!len || (size_t)len > left) return 0;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
    if (text[1] < low || text[1] > high) return 0;
    for (int i = 2; i < len; i++)
        if ((text[i] & 0xc0) != 0x80) return 0;
    return len;
}

/* A copy of the source that begins behind its byte order mark, so that columns count what an editor shows. */
static const ir_source *without_mark(ir_arena *arena, const ir_source *source)
{
    if (source->len < 3 || memcmp(source->text, "\xef\xbb\xbf", 3) != 0) return source;
    ir_source *rest = IR_NEW(arena, ir_source);
    *rest = (ir_source){source->name, source->text + 3, source->len - 3};
    return rest;
}

static void find_lines(fe_context *c)
{
    size_t count = 1, at = 1;
    for (size_t i = 0; i < c->source->len; i++) count += c->source->text[i] == '\n';
    c->lines = IR_ARRAY(c->arena, uint32_t, count);
    for (size_t i = 0; i < c->source->len; i++)
        if (c->source->text[i] == '\n') c->lines[at++] = (uint32_t)i + 1;
    c->line_count = (int)count;
}

/* Reports the first malformed character and blanks them all. False where there is a NUL: not a text. */
static bool blank_bad_bytes(fe_context *c)
{
    bool reported = false;
    for (size_t i = 0, step; i < c->source->len; i += step) {
        int len = character_length((unsigned char *)c->text + i, c->source->len - i);
        step = len ? (size_t)len : 1;
        fe_span at = {(uint32_t)i, (uint32_t)i + 1};
        if (c->text[i] == '\0') {
            fe_error(c, at, "a NUL byte; SDL files are UTF-8 text");
            return false;
        }
        if (len) continue;
        if (!reported)
            fe_error(c, at, "the byte 0x%02x is not valid UTF-8; save the file as UTF-8", (unsigned char)c->text[i]);
        reported = true;
        c->text[i] = ' ';
    }
    return true;
}

bool fe_scan(fe_context *c, const ir_source *source)
{
    c->source = without_mark(c->arena, source);
    if (c->source->len > INT32_MAX - 2) {
        ir_report(c->module->diags, IR_ERROR, (ir_loc){c->source, 1, 1, 1}, "the file is over 2 GiB");
        return false;
    }
    find_lines(c);
    c->text = ir_alloc(c->arena, c->source->len + 2);
    if (c->source->len) memcpy(c->text, c->source->text, c->source->len);
    return blank_bad_bytes(c);
}
