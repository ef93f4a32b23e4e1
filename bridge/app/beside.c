/* The name says whose a file is: of a process that is not there any more it is nobody's. */
#include "bridge/app/beside.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char *const kinds[] = {"plan", "import"};

char *beside_path(const char *store, const char *what)
{
    return mem_printf("%s.%s-%d", store, what, (int)getpid());
}

static bool orphaned(const char *file, const char *store)
{
    for (size_t i = 0; i < COUNT(kinds); i++) {
        AUTO_FREE char *front = mem_printf("%s.%s-", store, kinds[i]);
        int64_t pid = 0;
        if (str_starts(file, front) && str_to_int(file + strlen(front), 1, INT32_MAX, &pid))
            return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
    }
    return false;
}

void beside_tidy(const char *store)
{
    const char *slash = strrchr(store, '/'), *name = slash ? slash + 1 : store;
    AUTO_FREE char *folder = slash ? mem_dup_n(store, (size_t)(slash - store) + 1) : mem_dup("./");
    DIR *dir = opendir(folder);
    for (const struct dirent *e; dir && (e = readdir(dir));) {
        AUTO_FREE char *path = mem_printf("%s%s", folder, e->d_name);
        if (orphaned(e->d_name, name))
            unlink(path);
    }
    if (dir)
        closedir(dir);
}
