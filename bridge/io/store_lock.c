/* The file in the file system: made with mode 0600 whatever the umask, and held by one process through <path>.lock,
 * which carries the holder's number so that the one who is refused can say whom to stop. The lock goes with the process,
 * however it ends; the lock file stays. */
#include "bridge/base/str.h"
#include "bridge/io/store_private.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_p(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define AUTO_FD __attribute__((cleanup(close_p)))

static char *directory_of(const char *path)
{
    AUTO_FREE char *copy = mem_dup(path);
    return mem_dup(dirname(copy));
}

static bool cannot(const char *path, int why, struct err *err)
{
    AUTO_FREE char *directory = directory_of(path);
    struct stat s;
    if (why == ENOENT && stat(directory, &s) != 0)
        return err_set(err, ERR_STORE, "open %s: the directory %s does not exist: make it", path, directory);
    if (why == ENOSPC || why == EDQUOT)
        return err_set(err, ERR_STORE, "open %s: %s", path, sql_advice(SQLITE_FULL, 0));
    if (why == EISDIR)
        return err_set(err, ERR_STORE, "open %s: this is a directory: name a file in it", path);
    return err_set(err, ERR_STORE, "open %s: %s (%s)", path, sql_advice(SQLITE_CANTOPEN, 0), strerror(why));
}

static bool held(const char *path, int fd, struct err *err)
{
    char text[32] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return err_set(err, ERR_STORE, "open %s: process %s holds it: stop that one first", path, *text ? text : "(of unknown number)");
}

bool store_lock_file(const char *path, int *out, struct err *err)
{
    AUTO_FREE char *name = mem_printf("%s.lock", path);
    AUTO_FD int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return cannot(path, errno, err);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? held(path, fd, err) : cannot(path, errno, err);
    AUTO_FREE char *pid = mem_printf("%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, strlen(pid), 0) != (ssize_t)strlen(pid))
        return cannot(path, errno, err);
    *out = fd;
    fd = -1;
    return true;
}

void store_unlock_file(int fd)
{
    if (fd < 0)
        return;
    if (ftruncate(fd, 0) != 0) {
        /* the number of a process that is gone misleads nobody: without its lock nobody reads it */
    }
    close(fd);
}

/* A file whose name is not on the disk is not durable, whatever it holds. */
static bool keep_name(const char *path, struct err *err)
{
    AUTO_FREE char *directory = directory_of(path);
    AUTO_FD int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return cannot(path, errno, err);
    return true;
}

bool store_make_file(const char *path, struct err *err)
{
    AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        return (fchmod(fd, 0600) == 0 || cannot(path, errno, err)) && keep_name(path, err);
    if (errno != EEXIST)
        return cannot(path, errno, err);
    fd = open(path, O_RDWR | O_CLOEXEC);
    return fd >= 0 || cannot(path, errno, err);
}
