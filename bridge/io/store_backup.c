/* A copy of the store, made while it is in use: the database's own backup reads one moment of it, whoever writes meanwhile.
 * The copy gets its name only after every page of it was looked at. */
#include "bridge/base/str.h"
#include "bridge/io/store_private.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_p(sqlite3 **db)
{
    sqlite3_close(*db);
}
#define AUTO_DB AUTO(close_p)

static bool failed(sqlite3 *db, const char *path, const char *doing, struct err *err)
{
    int rc = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    return err_set(err, ERR_STORE, "%s %s: %s (%s)", doing, path, sql_advice(rc, db ? sqlite3_system_errno(db) : 0),
                   db ? sqlite3_errmsg(db) : "no memory");
}

static bool make_part(const char *path, const char *to, struct err *err)
{
    struct stat there;
    if (lstat(to, &there) == 0)
        return err_set(err, ERR_REJECT, "%s exists: name a new file", to);
    unlink(path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, ERR_REJECT, "%s cannot be made: %s", path, strerror(errno));
    close(fd);
    return true;
}

static int ours(void *self, int columns, char **values, char **names)
{
    (void)names;
    int64_t id = 0;
    *(bool *)self = columns == 1 && str_to_int(values[0], 0, INT64_MAX, &id) && id == STORE_APPLICATION;
    return 0;
}

static int verdict(void *self, int columns, char **values, char **names)
{
    (void)names;
    *(bool *)self = columns == 1 && str_eq(values[0], "ok");
    return 0;
}

static bool copy_pages(const char *path, const char *part, sqlite3 **copy, struct err *err)
{
    AUTO_DB sqlite3 *source = NULL;
    bool store = false;
    if (sqlite3_open_v2(path, &source, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_exec(source, "PRAGMA busy_timeout = 5000", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(source, "PRAGMA application_id", ours, &store, NULL) != SQLITE_OK)
        return failed(source, path, "read", err);
    if (!store)
        return err_set(err, ERR_STORE, "read %s: this is no store of inbox-bridge", path);
    if (sqlite3_open_v2(part, copy, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        return failed(*copy, part, "write", err);
    sqlite3_backup *job = sqlite3_backup_init(*copy, "main", source, "main");
    int rc = job ? sqlite3_backup_step(job, -1) : SQLITE_ERROR;
    sqlite3_backup_finish(job);
    return rc == SQLITE_DONE || failed(*copy, part, "write", err);
}

/* One file, without a log beside it. */
static bool check_copy(sqlite3 *copy, const char *part, struct err *err)
{
    bool sound = false;
    if (sqlite3_exec(copy, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(copy, "PRAGMA quick_check(1)", verdict, &sound, NULL) != SQLITE_OK)
        return failed(copy, part, "check", err);
    return sound || err_set(err, ERR_STORE,
                            "the copy is damaged, and so may be the store: keep what you have, and check the disk");
}

static bool keep(const char *part, const char *to, struct err *err)
{
    int fd = open(part, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0 && rename(part, to) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    return ok || err_set(err, ERR_REJECT, "%s cannot be kept: %s", to, strerror(why));
}

static bool fill_part(const char *path, const char *part, struct err *err)
{
    AUTO_DB sqlite3 *copy = NULL;
    return copy_pages(path, part, &copy, err) && check_copy(copy, part, err);
}

bool store_backup(const char *path, const char *to, struct err *err)
{
    AUTO_FREE char *part = mem_printf("%s.part", to);
    if (!make_part(part, to, err))
        return false;
    if (fill_part(path, part, err) && keep(part, to, err))
        return true;
    unlink(part);
    return false;
}
