/* Runs a fuzz target over files and folders of files, without a fuzzer: the corpus is part of every test run. Each input
 * is handed over in memory of its own size, so that a read past its end is seen. */
#include "bridge/base/mem.h"
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t runs;

static void run_file(const char *path, size_t size)
{
    FILE *f = fopen(path, "rb");
    AUTO_FREE uint8_t *data = mem_alloc(size);
    if (!f)
        return;
    size_t n = fread(data, 1, size, f);
    fclose(f);
    LLVMFuzzerTestOneInput(data, n);
    runs++;
}

static void run(const char *path)
{
    struct stat st;
    DIR *dir = opendir(path);
    if (!dir && !stat(path, &st) && S_ISREG(st.st_mode))
        run_file(path, (size_t)st.st_size);
    for (struct dirent *d; dir && (d = readdir(dir));) {
        AUTO_FREE char *inner = mem_printf("%s/%s", path, d->d_name);
        if (d->d_name[0] != '.')
            run(inner);
    }
    if (dir)
        closedir(dir);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run(argv[i]);
    printf("%zu inputs\n", runs);
    return runs ? 0 : 1;
}
