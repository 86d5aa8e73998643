/* Files of wisdom: kept and found, several processes at once, killed processes, files that are no wisdom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "runtime/wisdom.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static rt_record record_of(const char *dims, double ns)
{
    return (rt_record){.machine = "m", .version = "1", .region = "r", .facts = "f", .dims = dims, .threads = 1, .backend = "llvm",
                       .kernel = "ffn.0", .plan = "store=csr", .ns = ns, .first_ns = 2 * ns, .dense_ns = NAN, .others = "5 store=dense\n",
                       .complete = 1, .date = "2026-01-01T00:00:00Z"};
}

/* ---- a folder for each test ---- */

static int enter(void **state)
{
    char *folder = strdup("/tmp/spc-wisdom-XXXXXX");
    *state = folder;
    return !folder || !mkdtemp(folder) || chdir(folder) != 0;
}

static int leave(void **state)
{
    DIR *folder = opendir(*state);
    for (const struct dirent *entry; folder && (entry = readdir(folder));)
        unlink(entry->d_name);
    closedir(folder);
    const int status = chdir("/") || rmdir(*state);
    free(*state);
    return status;
}

static rt_wisdom *open_for_writing(void)
{
    rt_wisdom *w;
    rt_error note;
    if (rt_wisdom_open("w.db", true, &w, &note))
        fail_msg("%s", note.text);
    return w;
}

static void keep(rt_wisdom *w, const rt_record *record)
{
    rt_error error;
    if (rt_wisdom_keep(w, record, 1, &error))
        fail_msg("%s", error.text);
}

typedef struct found {
    int count;
    double ns;
    char dims[64], plan[64];
} found;

static bool look(void *ctx, const rt_record *record)
{
    found *f = ctx;
    f->count++;
    f->ns = record->ns;
    snprintf(f->dims, sizeof f->dims, "%s", record->dims);
    snprintf(f->plan, sizeof f->plan, "%s", record->plan);
    return true;
}

static found find(rt_wisdom *w, const rt_record *key)
{
    found f = {0};
    rt_error error;
    if (rt_wisdom_find(w, key, look, &f, &error))
        fail_msg("%s", error.text);
    return f;
}

static void save(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* ---- tests ---- */

static void test_kept_and_found(void **state)
{
    (void)state;
    rt_wisdom *w = open_for_writing();
    rt_record one = record_of("batch=1", 100), many = record_of("batch=128", 900), key = record_of(NULL, 0);
    keep(w, &one);
    keep(w, &many);
    rt_wisdom_close(w);
    w = open_for_writing();
    found f = find(w, &key);
    assert_int_equal(f.count, 2);
    assert_string_equal(f.dims, "batch=128");
    key.dims = "batch=1";
    f = find(w, &key);
    assert_int_equal(f.count, 1);
    assert_true(f.ns == 100);
    int64_t count;
    rt_error error;
    assert_int_equal(rt_wisdom_clear(w, &count, &error), SPC_OK);
    assert_int_equal(count, 2);
    assert_int_equal(find(w, &key).count, 0);
    rt_wisdom_close(w);
}

/* Another machine, version, region, facts, threads or backend is another key. */
static void test_every_part_of_the_key(void **state)
{
    (void)state;
    rt_wisdom *w = open_for_writing();
    const rt_record one = record_of("batch=1", 100);
    keep(w, &one);
    for (int i = 0; rt_field_at(i); i++) {
        const rt_field *f = rt_field_at(i);
        rt_record key = one;
        if (!f->key)
            continue;
        if (f->kind == RT_FIELD_text)
            *(rt_wisdom_text *)((char *)&key + f->offset) = "other";
        else
            *(int64_t *)((char *)&key + f->offset) = 77;
        assert_int_equal(find(w, &key).count, 0);
    }
    assert_int_equal(find(w, &one).count, 1);
    rt_wisdom_close(w);
}

/* A race that time cut short does not take the place of a complete one; all else is replaced. */
static void test_replacing(void **state)
{
    (void)state;
    rt_wisdom *w = open_for_writing();
    rt_record first = record_of("", 100), second = record_of("", 50);
    first.complete = 0;
    keep(w, &first);
    second.complete = 0;
    keep(w, &second);
    assert_true(find(w, &first).ns == 50);
    first.complete = 1;
    keep(w, &first);
    keep(w, &second);
    assert_true(find(w, &first).ns == 100);
    rt_wisdom_close(w);
}

static void test_no_file_to_read(void **state)
{
    (void)state;
    rt_wisdom *w;
    rt_error note;
    assert_int_equal(rt_wisdom_open("none.db", false, &w, &note), SPC_OK);
    assert_null(w);
    assert_int_equal(access("none.db", F_OK), -1);
    save("none.db", "", 0);
    assert_int_equal(rt_wisdom_open("none.db", false, &w, &note), SPC_OK);
    assert_null(w);
}

static void test_unreachable(void **state)
{
    (void)state;
    rt_wisdom *w;
    rt_error note;
    assert_int_equal(rt_wisdom_open("no/folder/w.db", true, &w, &note), SPC_E_IO);
    assert_non_null(strstr(note.text, "No such file"));
    assert_int_equal(rt_wisdom_open("/proc/w.db", true, &w, &note), SPC_E_IO);
    assert_int_equal(mkdir("folder", 0777), 0);
    assert_int_equal(rt_wisdom_open("folder", true, &w, &note), SPC_E_IO);
    assert_null(w);
    rmdir("folder");
}

/* Readers refuse and touch nothing; writers rename it and begin anew. */
static void expect_set_aside(const char *aside, const char *why)
{
    rt_wisdom *w;
    rt_error note;
    const rt_record one = record_of("", 100);
    assert_int_equal(rt_wisdom_open("w.db", false, &w, &note), SPC_E_PROGRAM);
    assert_non_null(strstr(note.text, why));
    assert_int_equal(access(aside, F_OK), -1);
    assert_int_equal(rt_wisdom_open("w.db", true, &w, &note), SPC_OK);
    assert_non_null(strstr(note.text, why));
    assert_non_null(strstr(note.text, aside));
    assert_int_equal(access(aside, F_OK), 0);
    keep(w, &one);
    assert_int_equal(find(w, &one).count, 1);
    rt_wisdom_close(w);
}

static void test_garbage(void **state)
{
    (void)state;
    char garbage[5000];
    memset(garbage, 'x', sizeof garbage);
    save("w.db", garbage, sizeof garbage);
    expect_set_aside("w.db.broken", "no wisdom");
    save("w.db", garbage, 10);
    expect_set_aside("w.db.broken-2", "no wisdom");
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open("w.db", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void test_from_the_future(void **state)
{
    (void)state;
    rt_wisdom_close(open_for_writing());
    run_sql("PRAGMA user_version = 2; ALTER TABLE plans ADD COLUMN more");
    expect_set_aside("w.db.newer", "later version");
}

static void test_lost_table(void **state)
{
    (void)state;
    rt_wisdom_close(open_for_writing());
    run_sql("DROP TABLE plans");
    expect_set_aside("w.db.broken", "damaged");
}

/* Somebody else's database stays as it is. */
static void test_foreign(void **state)
{
    (void)state;
    rt_wisdom *w;
    rt_error note;
    run_sql("CREATE TABLE bookmarks (url TEXT)");
    assert_int_equal(rt_wisdom_open("w.db", true, &w, &note), SPC_E_PROGRAM);
    assert_non_null(strstr(note.text, "another program"));
    run_sql("INSERT INTO bookmarks VALUES ('x')");
}

/* Rows that no record can be are passed over. */
static void test_odd_rows(void **state)
{
    (void)state;
    rt_wisdom *w = open_for_writing();
    rt_record one = record_of("batch=1", 100), two = record_of("batch=2", 100), key = record_of(NULL, 0);
    keep(w, &one);
    keep(w, &two);
    run_sql("UPDATE plans SET plan = zeroblob(1000000) WHERE dims = 'batch=1'");
    assert_int_equal(find(w, &key).count, 1);
    run_sql("UPDATE plans SET ns = 'soon', first_ns = -1, threads = 'many' WHERE dims = 'batch=2'");
    found f = {0};
    rt_error error;
    assert_int_equal(rt_wisdom_all(w, look, &f, &error), SPC_OK);
    assert_true(isnan(f.ns));
    rt_wisdom_close(w);
}

/* Files cut and with bytes changed anywhere: an answer, never a crash, and a writer always gets a file. */
static void test_damaged_anywhere(void **state)
{
    (void)state;
    rt_wisdom *w = open_for_writing();
    static char whole[1 << 16], damaged[1 << 16];
    for (int i = 0; i < 40; i++) {
        char dims[32];
        snprintf(dims, sizeof dims, "batch=%d", i);
        const rt_record one = record_of(dims, i + 1);
        keep(w, &one);
    }
    rt_wisdom_close(w);
    FILE *file = fopen("w.db", "rb");
    const size_t size = fread(whole, 1, sizeof whole, file);
    fclose(file);
    assert_true(size > 4096);
    for (size_t at = 0; at < size; at += 97) {
        rt_error note;
        memcpy(damaged, whole, size);
        damaged[at] ^= 0x55;
        unlink("w.db");
        unlink("w.db-journal");
        save("w.db", damaged, at % 2 ? size : at);
        if (!rt_wisdom_open("w.db", false, &w, &note) && w) {
            found f = {0};
            (void)rt_wisdom_all(w, look, &f, &note); /* whatever it says */
        }
        rt_wisdom_close(w);
        spc_status status = rt_wisdom_open("w.db", true, &w, &note);
        if (status) /* it may look like somebody else's */
            assert_non_null(strstr(note.text, "another program"));
        rt_wisdom_close(w);
    }
}

/* ---- several processes ---- */

static void write_many(int process, int records)
{
    for (int i = 0; i < records; i++) {
        rt_wisdom *w;
        rt_error note;
        char dims[64];
        snprintf(dims, sizeof dims, "batch=%d", process * 1000 + i);
        const rt_record one = record_of(dims, 10), shared = record_of("batch=0", process + 1);
        if (rt_wisdom_open("w.db", true, &w, &note) || rt_wisdom_keep(w, &one, 1, &note) || rt_wisdom_keep(w, &shared, 1, &note))
            _exit(1);
        rt_wisdom_close(w);
    }
    _exit(0);
}

/* Eight at once, on keys of their own and on one that all share; where the file was garbage before, it is set aside once. */
static void test_eight_at_once(void **state)
{
    enum { PROCESSES = 8, RECORDS = 6 };
    pid_t children[PROCESSES];
    (void)state;
    save("w.db", "garbage garbage garbage", 23);
    for (int i = 0; i < PROCESSES; i++)
        if (!(children[i] = fork()))
            write_many(i + 1, RECORDS);
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    rt_wisdom *w = open_for_writing();
    const rt_record key = record_of(NULL, 0);
    assert_int_equal(find(w, &key).count, PROCESSES * RECORDS + 1);
    rt_wisdom_close(w);
    assert_int_equal(access("w.db.broken", F_OK), 0);
    assert_int_equal(access("w.db.broken-2", F_OK), -1);
}

static int count_all(void)
{
    rt_wisdom *w;
    rt_error note;
    const rt_record key = record_of(NULL, 0);
    if (rt_wisdom_open("w.db", false, &w, &note))
        fail_msg("%s", note.text);
    const int count = find(w, &key).count;
    rt_wisdom_close(w);
    return count;
}

/* A process that keeps records without end is killed at a hundred moments. What was kept before a kill is there after it. */
static void test_killed(void **state)
{
    (void)state;
    rt_wisdom *w = open_for_writing();
    const rt_record first = record_of("batch=7000000", 1);
    keep(w, &first);
    rt_wisdom_close(w);
    int before = 1;
    for (int i = 0; i < 100; i++) {
        const pid_t child = fork();
        if (!child)
            write_many(i + 1, 1000);
        const struct timespec moment = {0, 100000 + (i * 7919L % 61) * 100000};
        do
            nanosleep(&moment, NULL);
        while (i % 10 == 0 && count_all() <= before); /* now and then it may get something done */
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        const int now = count_all();
        assert_true(now >= before);
        before = now;
    }
    assert_true(before > 1);
    rt_error note;
    assert_int_equal(rt_wisdom_open("w.db", true, &w, &note), SPC_OK);
    assert_string_equal(note.text, "");
    rt_wisdom_close(w);
}

/* ---- as text ---- */

static void test_text(void **state)
{
    (void)state;
    rt_wisdom_writer *writer = rt_wisdom_writer_new();
    rt_record one = record_of("batch=1", 100);
    one.kernel = "a \"quoted\"\nname";
    assert_true(rt_wisdom_write(writer, &one));
    char *text = rt_wisdom_written(writer);
    rt_wisdom_writer_free(writer);
    found f = {0};
    rt_error error = {0};
    if (rt_wisdom_read(text, strlen(text), look, &f, &error))
        fail_msg("%s", error.text);
    assert_int_equal(f.count, 1);
    assert_string_equal(f.plan, "store=csr");
    free(text);
}

static void test_wrong_texts(void **state)
{
    static const char *const wrong[][2] = {
        {"", "no JSON"}, {"{", "line 1"}, {"{}", "no wisdom"}, {"[]", "no wisdom"}, {"{\"spc wisdom\": 2, \"plans\": []}", "later version"},
        {"{\"spc wisdom\": 1, \"plans\": [3]}", "plan 0: \"machine\""},
        {"{\"spc wisdom\": 1, \"plans\": [{\"machine\": 3}]}", "must be a text"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        found f = {0};
        rt_error error;
        assert_int_equal(rt_wisdom_read(wrong[i][0], strlen(wrong[i][0]), look, &f, &error), SPC_E_PROGRAM);
        assert_non_null(strstr(error.text, wrong[i][1]));
        assert_int_equal(f.count, 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(test_kept_and_found), TEST(test_every_part_of_the_key), TEST(test_replacing), TEST(test_no_file_to_read),
        TEST(test_unreachable), TEST(test_garbage), TEST(test_from_the_future), TEST(test_lost_table), TEST(test_foreign),
        TEST(test_odd_rows), TEST(test_damaged_anywhere), TEST(test_eight_at_once), TEST(test_killed), TEST(test_text),
        TEST(test_wrong_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
