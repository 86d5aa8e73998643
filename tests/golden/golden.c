/* golden: runs one golden test.
 *
 *     golden NAME=PROGRAM... FILE.t
 *
 * A .t file is text in sections. The first holds the run line; "#" lines before it are comments:
 *
 *     # what this shows
 *     spc-opt --passes=fuse input.ir
 *     === input.ir                       a file; there may be several
 *     ...
 *     === expect 0                       exit status, then standard output and error as they came
 *     ...
 *
 * The command runs without a shell in a fresh folder that holds the files; words are split at blanks, '...' keeps them
 * together. Every *.ir file of a test that should succeed is also printed and parsed back, and so is an
 * output that is IR. With BLESS=1 in the environment the expectation is rewritten instead of compared. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_WORDS = 64, MAX_SECTIONS = 16, SECONDS = 100 };

typedef struct section {
    char *name; /* of the file, or "expect 0" */
    char *text;
    size_t len;
} section;

typedef struct test {
    const char *path;
    char *text;
    char *run;
    int count;
    section sections[MAX_SECTIONS];
    const section *expect;
    size_t head; /* bytes of the file before "=== expect" */
} test;

static char **programs; /* NAME=PROGRAM, set once by main */

static _Noreturn void die(const char *what, const char *about)
{
    fprintf(stderr, "golden: %s: %s\n", about, what);
    exit(2);
}

static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (!file) die(strerror(errno), path);
    size_t size = 0, capacity = 1 << 16;
    char *text = malloc(capacity);
    for (size_t n; text && (n = fread(text + size, 1, capacity - size - 1, file)) > 0;) {
        size += n;
        if (size + 1 == capacity) text = realloc(text, capacity *= 2);
    }
    fclose(file);
    if (!text) die("out of memory", path);
    text[size] = 0;
    if (len) *len = size;
    return text;
}

static void write_file(const char *path, const char *text, size_t len)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(text, 1, len, file) != len || fclose(file)) die(strerror(errno), path);
}

/* ---- reading a test ---- */

static void add_section(test *t, char *header, char *text, char *end)
{
    if (t->count == MAX_SECTIONS) die("too many sections", t->path);
    char *name = header + 4;
    name[strcspn(name, "\n")] = 0;
    if (strchr(name, '/')) die("a file of a test lies in its own folder", t->path);
    t->sections[t->count++] = (section){name, text, (size_t)(end - text)};
}

static char *next_header(char *from)
{
    if (strncmp(from, "=== ", 4) == 0) return from;
    char *at = strstr(from, "\n=== ");
    return at ? at + 1 : NULL;
}

static void read_test(test *t, const char *path)
{
    size_t len;
    t->path = path;
    t->text = read_file(path, &len);
    t->head = len;
    char *end = t->text + len, *header = next_header(t->text);
    for (char *next; header; header = next) {
        char *text = strchr(header, '\n');
        text = text ? text + 1 : end;
        next = next_header(text);
        if (strncmp(header, "=== expect", 10) == 0) t->head = (size_t)(header - t->text);
        add_section(t, header, text, next ? next : end);
    }
    for (int i = 0; i < t->count; i++)
        if (strncmp(t->sections[i].name, "expect", 6) == 0) t->expect = &t->sections[i];
    for (t->run = t->text; *t->run == '#' || *t->run == '\n'; t->run = strchr(t->run, '\n') + 1)
        if (!strchr(t->run, '\n')) die("no run line", path);
}

/* ---- running ---- */

/* Splits the line in place. */
static int split(char *line, char **words)
{
    int count = 0;
    for (char *at = line; *at && *at != '\n';) {
        while (*at == ' ') at++;
        if (!*at || *at == '\n') break;
        char close = *at == '\'' ? '\'' : ' ';
        if (close == '\'') at++;
        if (count == MAX_WORDS - 1) die("too many words", line);
        words[count++] = at;
        at += strcspn(at, close == ' ' ? " \n" : "'\n");
        bool last = !*at || *at == '\n';
        *at = 0;
        if (last) break;
        at++;
    }
    words[count] = NULL;
    return count;
}

static const char *program_of(const char *name)
{
    size_t len = strlen(name);
    for (char **p = programs; *p; p++)
        if (strncmp(*p, name, len) == 0 && (*p)[len] == '=') return *p + len + 1;
    return NULL;
}

/* Runs words in the folder, both outputs to the file "output" beside it; gives the exit status, 128 + signal. */
static int run_words(char *const *words, const char *folder, const char *output)
{
    const char *program = program_of(words[0]);
    if (!program) die("no such command for golden tests", words[0]);
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) die(strerror(errno), "fork");
    if (child == 0) {
        int out = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600), in = open("/dev/null", O_RDONLY);
        if (out < 0 || in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 || chdir(folder)) _exit(126);
        alarm(SECONDS);
        execv(program, words);
        _exit(127);
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) die(strerror(errno), "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void make_files(const test *t, const char *folder)
{
    char path[4096];
    for (int i = 0; i < t->count; i++) {
        if (&t->sections[i] == t->expect) continue;
        snprintf(path, sizeof path, "%s/%s", folder, t->sections[i].name);
        write_file(path, t->sections[i].text, t->sections[i].len);
    }
}

static bool roundtrips(const char *name, const char *folder, const char *output, bool exact)
{
    char *words[] = {"spc-opt", "--roundtrip", (char *)name, exact ? "--exact" : NULL, NULL};
    int status = run_words(words, folder, output);
    if (status == 0) return true;
    char *text = read_file(output, NULL);
    fprintf(stderr, "golden: %s does not survive printing and parsing (exit status %d)\n%s", name, status, text);
    free(text);
    return false;
}

static bool is_ir(const char *text)
{
    static const char *const starts[] = {"dim ", "packing ", "graph @", "kernel @", "entry @"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (strncmp(text, starts[i], strlen(starts[i])) == 0) return true;
    return false;
}

static bool check_roundtrips(const test *t, const char *folder, const char *output, const char *got, size_t len)
{
    bool right = true;
    for (int i = 0; i < t->count; i++) {
        const char *dot = strrchr(t->sections[i].name, '.');
        if (dot && strcmp(dot, ".ir") == 0) right = roundtrips(t->sections[i].name, folder, output, false) && right;
    }
    if (!is_ir(got)) return right;
    char path[4096];
    snprintf(path, sizeof path, "%s/output-of-the-run.ir", folder);
    write_file(path, got, len);
    return roundtrips("output-of-the-run.ir", folder, output, true) && right;
}

/* ---- comparing ---- */

static void show_difference(const char *wanted, const char *got)
{
    int line = 1;
    while (*wanted && *wanted == *got) {
        line += *wanted == '\n';
        wanted++, got++;
    }
    fprintf(stderr, "golden: the output differs from line %d on\n", line);
}

static bool compare(const test *t, int status, const char *got, size_t len)
{
    char header[64];
    snprintf(header, sizeof header, "expect %d", status);
    if (!t->expect) fprintf(stderr, "golden: %s has no expectation; run with BLESS=1 to record one\n", t->path);
    bool right = t->expect && strcmp(t->expect->name, header) == 0 && t->expect->len == len &&
                 memcmp(t->expect->text, got, len) == 0;
    if (right) return true;
    if (t->expect && strcmp(t->expect->name, header) != 0)
        fprintf(stderr, "golden: exit status %d, wanted: %s\n", status, t->expect->name);
    if (t->expect) show_difference(t->expect->text, got);
    fprintf(stderr, "---- wanted\n%s---- got\n%s", t->expect ? t->expect->text : "", got);
    return false;
}

static void bless(const test *t, int status, const char *got, size_t len)
{
    size_t size;
    char *text = read_file(t->path, &size);
    FILE *file = fopen(t->path, "wb");
    if (!file) die(strerror(errno), t->path);
    bool ends = t->head == 0 || text[t->head - 1] == '\n';
    fwrite(text, 1, t->head, file);
    fprintf(file, "%s=== expect %d\n", ends ? "" : "\n", status);
    fwrite(got, 1, len, file);
    if (fclose(file)) die(strerror(errno), t->path);
    free(text);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

static bool run_test(test *t, const char *folder)
{
    char output[4096], *words[MAX_WORDS];
    char files[2048];
    size_t len;
    snprintf(files, sizeof files, "%s/files", folder);
    snprintf(output, sizeof output, "%s/output", folder);
    if (mkdir(files, 0700)) die(strerror(errno), files);
    make_files(t, files);
    char *line = strndup(t->run, strcspn(t->run, "\n"));
    if (split(line, words) == 0) die("no run line", t->path);
    int status = run_words(words, files, output);
    char *got = read_file(output, &len);
    const char *wish = getenv("BLESS");
    bool blessing = wish && strcmp(wish, "1") == 0;
    if (blessing) bless(t, status, got, len);
    bool right = blessing || compare(t, status, got, len);
    if (status == 0) right = check_roundtrips(t, files, output, got, len) && right;
    free(got);
    free(line);
    return right;
}

int main(int argc, char **argv)
{
    test t = {0};
    char folder[] = "/tmp/golden-XXXXXX";
    if (argc < 2) die("usage: golden NAME=PROGRAM... FILE.t", "arguments");
    const char *path = argv[argc - 1];
    argv[argc - 1] = NULL;
    programs = argv + 1;
    read_test(&t, path);
    if (!mkdtemp(folder)) die(strerror(errno), folder);
    bool right = run_test(&t, folder);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(t.text);
    return !right;
}
