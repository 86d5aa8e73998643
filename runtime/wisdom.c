/* wisdom: see wisdom.h. The journal is the classic one, not a write-ahead log: a log needs a writable folder even to be
 * read. Transactions are short; whoever finds the file locked waits. */
#include "runtime/wisdom.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { APPLICATION = 0x73706357 /* "spcW" */, FORMAT = 1, WAIT_MS = 20000, MOST_ASIDE = 1000 };

struct rt_wisdom {
    sqlite3 *db;
    const char *path; /* behind the struct */
};

const rt_field *rt_field_at(int index)
{
    static const rt_field table[] = {
#define WISDOM(kind, name, key, doc) {#name, doc, RT_FIELD_##kind, key, offsetof(rt_record, name)},
#include "runtime/wisdom.def"
#undef WISDOM
    };
    return index >= 0 && index < (int)(sizeof table / sizeof *table) ? &table[index] : NULL;
}

/* ---- what SQLite says ---- */

static bool cannot_be_read(int code)
{
    const int basic = code & 0xff;
    return basic == SQLITE_NOTADB || basic == SQLITE_CORRUPT || basic == SQLITE_SCHEMA || basic == SQLITE_ERROR || basic == SQLITE_MISMATCH;
}

static spc_status status_of(int code)
{
    const int basic = code & 0xff;
    return basic == SQLITE_NOMEM ? SPC_E_NOMEM : cannot_be_read(code) ? SPC_E_PROGRAM : SPC_E_IO;
}

static spc_status fail(const rt_wisdom *w, rt_error *e)
{
    const int code = sqlite3_extended_errcode(w->db);
    const int cause = sqlite3_system_errno(w->db);
    if ((code & 0xff) == SQLITE_CANTOPEN && cause)
        return rt_fail(e, SPC_E_IO, "%s: %s", w->path, strerror(cause));
    return rt_fail(e, status_of(code), "%s: %s", w->path, sqlite3_errmsg(w->db));
}

static bool run(const rt_wisdom *w, const char *sql) { return sqlite3_exec(w->db, sql, NULL, NULL, NULL) == SQLITE_OK; }

static bool ask_number(const rt_wisdom *w, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(w->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return false;
    const bool good = sqlite3_step(statement) == SQLITE_ROW;
    if (good)
        *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return good;
}

/* ---- SQL, made of the table of fields ---- */

enum { MOST_SQL = 4096 };

static void add(char *sql, const char *text)
{
    const size_t used = strlen(sql);
    snprintf(sql + used, MOST_SQL - used, "%s", text);
}

/* before NAME after, for each field (or key) with commas between. */
static void add_fields(char *sql, bool keys_only, const char *before, const char *after)
{
    bool first = true;
    for (int i = 0; rt_field_at(i); i++) {
        const rt_field *f = rt_field_at(i);
        if (keys_only && !f->key)
            continue;
        add(sql, first ? "" : ", ");
        add(sql, before);
        add(sql, f->name);
        add(sql, after);
        first = false;
    }
}

static bool make_table(const rt_wisdom *w)
{
    char sql[MOST_SQL] = "CREATE TABLE plans (";
    for (int i = 0; rt_field_at(i); i++) {
        static const char *const types[] = {[RT_FIELD_text] = " TEXT NOT NULL, ", [RT_FIELD_count] = " INTEGER NOT NULL, ",
                                            [RT_FIELD_flag] = " INTEGER NOT NULL, ", [RT_FIELD_time] = " REAL, "};
        add(sql, rt_field_at(i)->name);
        add(sql, types[rt_field_at(i)->kind]);
    }
    add(sql, "PRIMARY KEY (");
    add_fields(sql, true, "", "");
    add(sql, ")) WITHOUT ROWID");
    char marks[128];
    snprintf(marks, sizeof marks, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION, FORMAT);
    return run(w, sql) && run(w, marks);
}

/* ---- records in and out ---- */

static bool bind(sqlite3_stmt *statement, int at, const rt_record *record, const rt_field *f)
{
    const void *value = (const char *)record + f->offset;
    if (f->kind == RT_FIELD_text)
        return sqlite3_bind_text(statement, at, *(const rt_wisdom_text *)value, -1, SQLITE_STATIC) == SQLITE_OK;
    if (f->kind != RT_FIELD_time)
        return sqlite3_bind_int64(statement, at, *(const int64_t *)value) == SQLITE_OK;
    const double ns = *(const double *)value;
    return (isfinite(ns) ? sqlite3_bind_double(statement, at, ns) : sqlite3_bind_null(statement, at)) == SQLITE_OK;
}

/* False: the row holds what no record can. */
static bool read_row(sqlite3_stmt *statement, rt_record *out)
{
    for (int i = 0; rt_field_at(i); i++) {
        const rt_field *f = rt_field_at(i);
        void *value = (char *)out + f->offset;
        if (f->kind == RT_FIELD_text) {
            const char *text = (const char *)sqlite3_column_text(statement, i);
            if (!text || sqlite3_column_bytes(statement, i) > RT_WISDOM_TEXT || strlen(text) != (size_t)sqlite3_column_bytes(statement, i))
                return false;
            *(rt_wisdom_text *)value = text;
        } else if (f->kind == RT_FIELD_time) {
            const double ns = sqlite3_column_type(statement, i) == SQLITE_NULL ? NAN : sqlite3_column_double(statement, i);
            *(double *)value = ns > 0 && isfinite(ns) ? ns : NAN;
        } else {
            *(int64_t *)value = sqlite3_column_int64(statement, i);
        }
    }
    return true;
}

static spc_status each_row(rt_wisdom *w, sqlite3_stmt *statement, rt_record_fn *call, void *ctx, rt_error *e)
{
    rt_record record;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        if (read_row(statement, &record) && !call(ctx, &record))
            break;
    spc_status status = code == SQLITE_ROW || code == SQLITE_DONE ? SPC_OK : fail(w, e);
    sqlite3_finalize(statement);
    return status;
}

spc_status rt_wisdom_find(rt_wisdom *w, const rt_record *key, rt_record_fn *call, void *ctx, rt_error *e)
{
    sqlite3_stmt *statement;
    char sql[MOST_SQL] = "SELECT ";
    const rt_field *f;
    int asked = 0;
    add_fields(sql, false, "", "");
    add(sql, " FROM plans WHERE 1");
    for (int i = 0; (f = rt_field_at(i)); i++)
        if (f->key && (f->kind != RT_FIELD_text || *(const rt_wisdom_text *)((const char *)key + f->offset))) {
            add(sql, " AND ");
            add(sql, f->name);
            add(sql, " = ?");
        }
    add(sql, " ORDER BY dims");
    if (sqlite3_prepare_v2(w->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return fail(w, e);
    for (int i = 0; (f = rt_field_at(i)); i++)
        if (f->key && (f->kind != RT_FIELD_text || *(const rt_wisdom_text *)((const char *)key + f->offset)))
            bind(statement, ++asked, key, f);
    return each_row(w, statement, call, ctx, e);
}

spc_status rt_wisdom_all(rt_wisdom *w, rt_record_fn *call, void *ctx, rt_error *e)
{
    sqlite3_stmt *statement;
    char sql[MOST_SQL] = "SELECT ";
    add_fields(sql, false, "", "");
    add(sql, " FROM plans ORDER BY ");
    add_fields(sql, true, "", "");
    if (sqlite3_prepare_v2(w->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return fail(w, e);
    return each_row(w, statement, call, ctx, e);
}

static bool keep_one(rt_wisdom *w, sqlite3_stmt *statement, const rt_record *record)
{
    bool good = true;
    for (int i = 0; rt_field_at(i); i++)
        good = good && bind(statement, i + 1, record, rt_field_at(i));
    good = good && sqlite3_step(statement) == SQLITE_DONE;
    const bool reset = sqlite3_reset(statement) == SQLITE_OK;
    (void)w;
    return good && reset;
}

spc_status rt_wisdom_keep(rt_wisdom *w, const rt_record *records, size_t count, rt_error *e)
{
    sqlite3_stmt *statement;
    char sql[MOST_SQL] = "INSERT INTO plans VALUES (";
    for (int i = 0; rt_field_at(i); i++)
        add(sql, i ? ", ?" : "?");
    add(sql, ") ON CONFLICT DO UPDATE SET ");
    for (int i = 0, set = 0; rt_field_at(i); i++)
        if (!rt_field_at(i)->key) {
            add(sql, set++ ? ", " : "");
            add(sql, rt_field_at(i)->name);
            add(sql, " = excluded.");
            add(sql, rt_field_at(i)->name);
        }
    add(sql, " WHERE excluded.complete >= plans.complete");
    if (!run(w, "BEGIN IMMEDIATE"))
        return fail(w, e);
    bool good = sqlite3_prepare_v2(w->db, sql, -1, &statement, NULL) == SQLITE_OK;
    for (size_t i = 0; i < count && good; i++)
        good = keep_one(w, statement, &records[i]);
    sqlite3_finalize(statement);
    good = good && run(w, "COMMIT");
    if (good)
        return SPC_OK;
    spc_status status = fail(w, e);
    run(w, "ROLLBACK");
    return status;
}

spc_status rt_wisdom_clear(rt_wisdom *w, int64_t *count, rt_error *e)
{
    *count = 0;
    if (!run(w, "DELETE FROM plans"))
        return fail(w, e);
    *count = sqlite3_changes64(w->db);
    return SPC_OK;
}

/* ---- opening ---- */

typedef enum condition { WHOLE, EMPTY, BROKEN, NEWER, FOREIGN, UNREACHABLE } condition;

/* Says what it is and, for writing, whether every page can be read. Within a transaction. */
static condition look(const rt_wisdom *w, bool write)
{
    int64_t application = 0, format = 0, tables = 0, columns = 0;
    if (!ask_number(w, "PRAGMA application_id", &application) || !ask_number(w, "PRAGMA user_version", &format) ||
        !ask_number(w, "SELECT count(*) FROM sqlite_master", &tables))
        return cannot_be_read(sqlite3_extended_errcode(w->db)) ? BROKEN : UNREACHABLE;
    if (!tables && !application && !format)
        return EMPTY;
    if (application != APPLICATION)
        return FOREIGN;
    if (format > FORMAT)
        return NEWER;
    int want = 0;
    while (rt_field_at(want))
        want++;
    if (!ask_number(w, "SELECT count(*) FROM pragma_table_info('plans')", &columns) || columns != want)
        return BROKEN;
    sqlite3_stmt *check = NULL;
    bool whole = !write;
    if (write && sqlite3_prepare_v2(w->db, "PRAGMA quick_check(1)", -1, &check, NULL) == SQLITE_OK && sqlite3_step(check) == SQLITE_ROW)
        whole = !strcmp((const char *)sqlite3_column_text(check, 0), "ok");
    sqlite3_finalize(check);
    return whole ? WHOLE : BROKEN;
}

/* All at one moment: another process may be making the table. */
static condition inspect(const rt_wisdom *w, bool write)
{
    if (!run(w, "BEGIN"))
        return UNREACHABLE;
    const condition c = look(w, write);
    if (c != UNREACHABLE) /* whose message is still wanted */
        run(w, "ROLLBACK"); /* fails where damage has ended the transaction already */
    return c;
}

static bool connect(rt_wisdom *w, bool write)
{
    /* Readers may write too: what a killed process left half done is rolled back by whoever comes next. */
    const int flags = SQLITE_OPEN_READWRITE | (write ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(w->path, &w->db, flags, NULL) != SQLITE_OK)
        return false;
    sqlite3_busy_timeout(w->db, WAIT_MS);
    return run(w, "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF");
}

static void disconnect(rt_wisdom *w)
{
    sqlite3_close(w->db);
    w->db = NULL;
}

/* Two processes that open a new file at once: one makes the table, the other finds it made. */
static bool fill_empty(const rt_wisdom *w)
{
    if (!run(w, "BEGIN IMMEDIATE"))
        return false;
    if (look(w, false) == EMPTY ? make_table(w) && run(w, "COMMIT") : run(w, "COMMIT"))
        return true;
    const int code = sqlite3_errcode(w->db);
    run(w, "ROLLBACK");
    return code == SQLITE_OK;
}

static spc_status refuse(const rt_wisdom *w, condition c, rt_error *e)
{
    if (c == UNREACHABLE)
        return fail(w, e);
    return rt_fail(e, SPC_E_PROGRAM, "%s: %s", w->path,
                   c == NEWER ? "it was written by a later version of spc"
                   : c == FOREIGN ? "it is a database of another program" : "it holds no wisdom, or is damaged");
}

/* ---- setting aside ---- */

/* The folder is locked meanwhile, so that no other process renames the new file in the belief that it is the old. */
static int lock_folder(const char *path)
{
    char *copy = strdup(path);
    const int folder = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    free(copy);
    if (folder >= 0)
        flock(folder, LOCK_EX);
    return folder;
}

static bool rename_with(const char *path, const char *aside, const char *suffix)
{
    char from[4096], to[4096];
    if (snprintf(from, sizeof from, "%s%s", path, suffix) >= (int)sizeof from ||
        snprintf(to, sizeof to, "%s%s", aside, suffix) >= (int)sizeof to)
        return false;
    return rename(from, to) == 0 || (*suffix && errno == ENOENT);
}

static bool set_aside(const rt_wisdom *w, condition c, rt_error *note)
{
    char aside[4096];
    for (int i = 1; i < MOST_ASIDE; i++) {
        char number[16] = "";
        if (i > 1)
            snprintf(number, sizeof number, "-%d", i);
        if (snprintf(aside, sizeof aside, "%s.%s%s", w->path, c == NEWER ? "newer" : "broken", number) >= (int)sizeof aside)
            return false;
        if (access(aside, F_OK) != 0)
            break;
    }
    if (!rename_with(w->path, aside, "-journal") || !rename_with(w->path, aside, ""))
        return false;
    rt_error why;
    refuse(w, c, &why);
    rt_fail(note, SPC_OK, "%s; it was renamed to %s and a new file begun", why.text, aside);
    return true;
}

static condition reopen(rt_wisdom *w, bool write)
{
    disconnect(w);
    return connect(w, write) ? inspect(w, write) : UNREACHABLE;
}

static condition replace_broken(rt_wisdom *w, rt_error *note)
{
    const int folder = lock_folder(w->path);
    condition c = reopen(w, true);
    if ((c == BROKEN || c == NEWER) && set_aside(w, c, note))
        c = reopen(w, true);
    if (c == EMPTY && fill_empty(w))
        c = WHOLE;
    if (folder >= 0)
        close(folder);
    return c;
}

spc_status rt_wisdom_open(const char *path, bool write, rt_wisdom **out, rt_error *note)
{
    *out = NULL;
    *note = (rt_error){SPC_OK, ""};
    if (!write && access(path, F_OK) != 0 && errno == ENOENT)
        return SPC_OK;
    rt_wisdom *w = calloc(1, sizeof *w + strlen(path) + 1);
    if (!w)
        return rt_fail(note, SPC_E_NOMEM, "out of memory");
    w->path = strcpy((char *)(w + 1), path);
    condition c = connect(w, write) ? inspect(w, write) : UNREACHABLE;
    if (c == EMPTY && write)
        c = fill_empty(w) ? inspect(w, write) : UNREACHABLE;
    if (write && (c == BROKEN || c == NEWER))
        c = replace_broken(w, note);
    if (c == WHOLE) {
        *out = w;
        return SPC_OK;
    }
    /* An empty file is as none to a reader. */
    spc_status status = c == EMPTY && !write ? SPC_OK : refuse(w, c, note);
    rt_wisdom_close(w);
    return status;
}

void rt_wisdom_close(rt_wisdom *w)
{
    if (!w)
        return;
    sqlite3_close(w->db);
    free(w);
}
