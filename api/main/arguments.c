/* arguments: reads the command line by the table of options.def, and prints help from it. */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct cli_option {
    const char *name;
    char letter;
    const char *value, *commands, *doc;
} cli_option;

static const cli_option *option_at(cli_id id)
{
    static const cli_option table[] = {
#define CLI(id, name, letter, value, commands, key, doc) {name, letter, value, commands, doc},
#include "options.def"
#undef CLI
    };
    return &table[id];
}

static bool has_one_dash(const cli_option *o) { return o->name[0] == 'M'; }

int cli_usage(const char *fmt, ...)
{
    char text[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    char line[2200];
    snprintf(line, sizeof line, "spc: error: %s\n", text);
    cli_print_messages(line);
    return EXIT_USAGE;
}

bool cli_has(const cli_args *args, cli_id id)
{
    for (size_t i = 0; i < args->count; i++)
        if (args->given[i].id == id) return true;
    return false;
}

const char *cli_nth(const cli_args *args, cli_id id, size_t n)
{
    for (size_t i = 0; i < args->count; i++)
        if (args->given[i].id == id && n-- == 0) return args->given[i].value;
    return NULL;
}

const char *cli_last(const cli_args *args, cli_id id)
{
    for (size_t i = args->count; i > 0; i--)
        if (args->given[i - 1].id == id) return args->given[i - 1].value;
    return NULL;
}

int cli_number(const cli_args *args, cli_id id, uint64_t absent, uint64_t limit, uint64_t *out)
{
    const char *text = cli_last(args, id);
    *out = absent;
    if (!text) return EXIT_DONE;
    uint64_t value = 0;
    bool good = *text != 0;
    for (const char *c = text; *c && good; c++)
        good = *c >= '0' && *c <= '9' && !__builtin_mul_overflow(value, 10u, &value) &&
               !__builtin_add_overflow(value, (uint64_t)(*c - '0'), &value);
    *out = value;
    if (good && value <= limit) return EXIT_DONE;
    return cli_usage("--%s=%s is no whole number up to %llu", option_at(id)->name, text, (unsigned long long)limit);
}

int cli_seconds(const cli_args *args, double absent, bool zero, double limit, double *out)
{
    const char *text = cli_last(args, CLI_seconds);
    char *end;
    *out = absent;
    if (!text) return EXIT_DONE;
    *out = strtod(text, &end);
    if (end != text && !*end && (*out > 0 || (zero && *out == 0)) && *out <= limit) return EXIT_DONE;
    return cli_usage("--seconds=%s is no number %s and up to %g", text, zero ? "from 0" : "above 0", limit);
}

/* ---- reading ---- */

typedef struct cursor {
    int argc, at;
    char **argv;
    cli_args *args;
} cursor;

/* Matches the word against one option. *value: what stands in the same word; NULL: nothing does. */
static bool matches(const cli_option *o, const char *word, const char **value)
{
    const size_t len = strlen(o->name);
    *value = NULL;
    if (has_one_dash(o)) return !strcmp(word + 1, o->name);
    if (word[1] == '-') {
        if (strncmp(word + 2, o->name, len) || (word[2 + len] && word[2 + len] != '=')) return false;
        if (word[2 + len]) *value = word + 3 + len;
        return true;
    }
    if (!o->letter || word[1] != o->letter || (!o->value && word[2])) return false;
    if (word[2]) *value = word + 2;
    return true;
}

static int add(cursor *c, cli_id id, const char *word, const char *value)
{
    const cli_option *o = option_at(id);
    cli_args *args = c->args;
    if (!strchr(o->commands, args->letter))
        return cli_usage("%s is no option of spc %s; see spc%s%s --help", word, *args->command ? args->command : "MODEL",
                         *args->command ? " " : "", args->command);
    if (!o->value && value) return cli_usage("--%s takes no value", o->name);
    if (o->value && !value) {
        if (c->at + 1 >= c->argc) return cli_usage("%s needs a value: %s", word, o->value);
        value = c->argv[++c->at];
    }
    args->given[args->count].id = id;
    args->given[args->count++].value = value ? value : "";
    return EXIT_DONE;
}

static int read_option(cursor *c, const char *word)
{
    const char *value;
    for (int id = 0; id < CLI_COUNT; id++)
        if (matches(option_at((cli_id)id), word, &value)) return add(c, (cli_id)id, word, value);
    return cli_usage("there is no option %s; see spc%s%s --help", word, *c->args->command ? " " : "", c->args->command);
}

/* The first operand of two was meant as a command, if it has nothing of a path. */
static int fail_command(const char *word)
{
    char known[128] = "";
    for (int i = 1; cli_command_at(i); i++) {
        const size_t at = strlen(known);
        snprintf(known + at, sizeof known - at, "%s%s", i > 1 ? ", " : "", cli_command_at(i)->name);
    }
    return cli_usage("there is no command \"%s\"; commands are %s, and spc MODEL.sdl -o FILE compiles", word, known);
}

static int read_operand(cursor *c, const char *word)
{
    if (c->args->model && !*c->args->command && !strpbrk(c->args->model, "./-")) return fail_command(c->args->model);
    if (c->args->model && c->args->letter == 'W' && !c->args->second) {
        c->args->second = word;
        return EXIT_DONE;
    }
    if (c->args->model)
        return cli_usage("one model at a time: \"%s\" comes after \"%s\"", word, c->args->model);
    c->args->model = word;
    return EXIT_DONE;
}

int cli_parse(int argc, char **argv, cli_args *out)
{
    cursor c = {argc, 1, argv, out};
    bool options = true;
    *out = (cli_args){.command = "", .letter = 'C', .given = calloc((size_t)argc + 1, sizeof *out->given)};
    if (!out->given) return EXIT_ENVIRONMENT;
    for (int i = 1; argc > 1 && cli_command_at(i); i++)
        if (!strcmp(argv[1], cli_command_at(i)->name)) {
            out->command = argv[1];
            out->letter = cli_command_at(i)->letter;
            c.at = 2;
        }
    int status = EXIT_DONE;
    for (; c.at < argc && !status; c.at++) {
        const char *word = argv[c.at];
        if (options && !strcmp(word, "--")) options = false;
        else if (options && word[0] == '-' && word[1]) status = read_option(&c, word);
        else status = read_operand(&c, word);
    }
    return status;
}

/* ---- help ---- */

static void print_option(const cli_option *o)
{
    char spelling[80];
    if (has_one_dash(o)) snprintf(spelling, sizeof spelling, "-%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    else if (o->letter) snprintf(spelling, sizeof spelling, "-%c, --%s%s%s", o->letter, o->name, o->value ? "=" : "", o->value ? o->value : "");
    else snprintf(spelling, sizeof spelling, "--%s%s%s", o->name, o->value ? "=" : "", o->value ? o->value : "");
    printf("  %-26s %s\n", spelling, o->doc);
}

void cli_print_help(const cli_command *command)
{
    printf("usage: spc %s%s%s\n\n%s\n\n", command->name, *command->name ? " " : "", command->operands, command->doc);
    for (int id = 0; id < CLI_COUNT; id++)
        if (strchr(option_at((cli_id)id)->commands, command->letter)) print_option(option_at((cli_id)id));
    if (*command->name) return;
    printf("\ncommands:\n");
    for (int i = 1; cli_command_at(i); i++) printf("  spc %-22s %s\n", cli_command_at(i)->name, cli_command_at(i)->doc);
    printf("\nexit status: 0 done, 1 the program or its data is wrong, 2 wrong usage, 3 the environment failed, 70 a defect\n");
}
