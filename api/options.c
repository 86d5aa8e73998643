/* options: the table behind spc_set. Values are checked when they are set, as far as they can be without the program,
 * so that a mistake is named where it was made; compile.c reads them. */
#include "api/session.h"

#include "ir/plan.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static spc_status refuse(spc_session *s, const char *key, const char *fmt, const char *value, const char *known)
{
    return api_fail(s, SPC_E_ARG, ir_format(s->arena, "option %s", key), fmt, value, known);
}

static spc_status check_backend(spc_session *s, const char *value)
{
    ir_text known;
    if (!strcmp(value, "interp") || !strcmp(value, "reference") || be_find(value)) return SPC_OK;
    if (!strcmp(value, api_any_backend) && be_at(0)) return SPC_OK;
    ir_text_init(&known, s->arena);
    for (int i = 0; be_at(i); i++) ir_text_add(&known, "%s, ", be_at(i)->name);
    return refuse(s, "backend", "there is no backend \"%s\"; built in are %sany, interp, reference", value, known.data);
}

/* Digits and one point, whatever the locale says of points. -1: it is something else. */
static double parse_times(const char *text)
{
    double value = 0, unit = 1;
    const size_t whole = strspn(text, "0123456789");
    const char *c = text;
    for (; *c >= '0' && *c <= '9'; c++) value = 10 * value + (*c - '0');
    if (*c == '.')
        for (c++; *c >= '0' && *c <= '9'; c++) value += (unit /= 10) * (*c - '0');
    return !*c && whole && whole < 10 ? value : -1;
}

double api_budget(const spc_session *s) { return parse_times(api_option_value(s, API_budget)); }

static spc_status check_budget(spc_session *s, const char *value)
{
    if (parse_times(value) >= 0) return SPC_OK;
    return refuse(s, "budget", "\"%s\" is no number of times, as 2 or 1.5%s", value, "");
}

static spc_status check_cpu(spc_session *s, const char *value)
{
    ir_target target;
    rt_error error;
    if (ir_target_find(value, &target, &error)) return SPC_OK;
    return api_fail(s, error.status == SPC_E_UNSUPPORTED ? SPC_E_UNSUPPORTED : SPC_E_ARG, "option cpu", "%s", error.text);
}

static spc_status check_debug(spc_session *s, const char *value)
{
    if (!strcmp(value, "yes") || !strcmp(value, "no")) return SPC_OK;
    return refuse(s, "debug", "\"%s\" is neither yes nor no%s", value, "");
}

static spc_status check_dense(spc_session *s, const char *value)
{
    if (!strcmp(value, "yes") || !strcmp(value, "no")) return SPC_OK;
    return refuse(s, "dense", "\"%s\" is neither yes nor no%s", value, "");
}

static spc_status check_details(spc_session *s, const char *value)
{
    if (!strcmp(value, "yes") || !strcmp(value, "no")) return SPC_OK;
    return refuse(s, "details", "\"%s\" is neither yes nor no%s", value, "");
}

static spc_status check_memory(spc_session *s, const char *value)
{
    size_t bytes;
    if (api_parse_bytes(value, &bytes)) return SPC_OK;
    return refuse(s, "memory", "\"%s\" is not a number of bytes, as 2000000, 512M or 4G%s", value, "");
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static spc_status check_prefix(spc_session *s, const char *value)
{
    bool good = *value < '0' || *value > '9';
    for (const char *c = value; *c; c++) good = good && is_word(*c);
    if (good && strlen(value) <= 200) return SPC_OK;
    return refuse(s, "prefix", "\"%s\" cannot start a C name%s", value, "");
}

/* @FILE, or lines of a plan, which start with @ too but hold terms. */
static bool names_file(const char *value)
{
    return *value == '@' && (!strchr(value, '=') || access(value + 1, F_OK) == 0);
}

/* The text is parsed again into each program; here for its mistakes and so that a file is read once. */
static spc_status check_plan(spc_session *s, const char *value)
{
    ir_source *source = IR_NEW(s->arena, ir_source);
    if (names_file(value)) {
        spc_status status = api_read_file(s, value + 1, source);
        if (status) return status;
    } else {
        *source = (ir_source){"<plan>", ir_strdup(s->arena, value), strlen(value)};
    }
    spc_status status = ir_plan_parse(ir_plan_new(s->arena), s->diags, source);
    if (!status) s->plan_source = source;
    return status;
}

static spc_status check_path(spc_session *s, const char *key, const char *value)
{
    return *value ? SPC_OK : refuse(s, key, "the path is empty%s%s", "", "");
}
static spc_status check_cache(spc_session *s, const char *value) { return check_path(s, "cache", value); }
static spc_status check_helper(spc_session *s, const char *value) { return check_path(s, "helper", value); }
static spc_status check_depfile(spc_session *s, const char *value) { return check_path(s, "depfile", value); }
/* Decimal digits of at most 64 bits. */
static bool parse_number(const char *text, uint64_t *out)
{
    bool good = *text != 0;
    for (*out = 0; good && *text; text++)
        good = *text >= '0' && *text <= '9' && !__builtin_mul_overflow(*out, 10, out) &&
               !__builtin_add_overflow(*out, (uint64_t)(*text - '0'), out);
    return good;
}
static spc_status check_seed(spc_session *s, const char *value)
{
    uint64_t seed;
    if (!parse_number(value, &seed)) return refuse(s, "seed", "\"%s\" is no number of 64 bits%s", value, "");
    rt_weights_seed(s->tensors, seed);
    return SPC_OK;
}
static spc_status check_staging(spc_session *s, const char *value)
{
    if (strchr(value, '/')) return refuse(s, "staging", "\"%s\" is a path; it must be a name%s", value, "");
    return check_path(s, "staging", value);
}
static spc_status check_weights(spc_session *s, const char *value)
{
    if (!strcmp(value, "embedded") || !strcmp(value, "late")) return SPC_OK;
    return refuse(s, "weights", "\"%s\" is neither embedded nor late%s", value, "");
}
/* The file may come and go; what is wrong with it is a warning when it is used. */
static spc_status check_wisdom(spc_session *s, const char *value) { return check_path(s, "wisdom", value); }
static spc_status check_threads(spc_session *s, const char *value)
{
    uint64_t threads;
    if (parse_number(value, &threads) && threads <= 1024) return SPC_OK;
    return refuse(s, "threads", "\"%s\" is no whole number up to 1024%s", value, "");
}

/* Names of dims and layers are only known with the program. */
static spc_status check_dims(spc_session *s, const char *value)
{
    (void)s, (void)value;
    return SPC_OK;
}
static spc_status check_layer(spc_session *s, const char *value)
{
    (void)s, (void)value;
    return SPC_OK;
}

const api_option_info *api_option_at(int index)
{
    static const api_option_info table[] = {
#define OPTION(key, preset, doc) {#key, preset, doc, check_##key},
#include "api/options.def"
#undef OPTION
    };
    return index >= 0 && index < API_OPTION_COUNT ? &table[index] : NULL;
}

bool api_parse_bytes(const char *text, size_t *out)
{
    static const char units[] = "KMG";
    size_t value = 0;
    const char *c = text;
    for (; *c >= '0' && *c <= '9'; c++)
        if (__builtin_mul_overflow(value, (size_t)10, &value) || __builtin_add_overflow(value, (size_t)(*c - '0'), &value))
            return false;
    if (c == text) return false;
    const char *unit = *c ? strchr(units, *c) : NULL;
    if (unit && __builtin_mul_overflow(value, (size_t)1 << 10 * (unit - units + 1), &value)) return false;
    *out = value;
    return !*c || (unit && !c[1]);
}

static spc_status set(spc_session *s, const char *key, const char *value)
{
    ir_text known;
    ir_text_init(&known, s->arena);
    for (int i = 0; i < API_OPTION_COUNT; i++) {
        const api_option_info *option = api_option_at(i);
        if (!strcmp(option->key, key)) {
            spc_status status = option->check(s, value);
            if (!status) s->options[i] = ir_strdup(s->arena, value);
            return status;
        }
        ir_text_add(&known, "%s%s", i ? ", " : "", option->key);
    }
    return api_fail(s, SPC_E_ARG, "option", "there is no option \"%s\"; known are %s", key, known.data);
}

RT_EXPORT spc_status spc_set(spc_session *s, const char *key, const char *value)
{
    API_GUARD(s);
    if (!key || !value) return api_fail(s, SPC_E_ARG, NULL, "spc_set needs a key and a value");
    return set(s, key, value);
}
