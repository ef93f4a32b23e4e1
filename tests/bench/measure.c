/* Runs a program and writes what it cost as one line of JSON: seconds, CPU seconds of user and system, peak memory. Counts
 * that program and the children it waited for, nothing of the machine around it. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    FILE *out = argc > 2 ? fopen(argv[1], "w") : NULL;
    if (!out) {
        fprintf(stderr, "usage: bench-measure FILE PROGRAM ARGUMENT...\n");
        return 1;
    }
    struct rusage use;
    int status = 0;
    double from = seconds();
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &use) < 0) {
        perror(argv[2]);
        return 1;
    }
    fprintf(out, "{\"wall\":%.3f,\"user\":%.3f,\"system\":%.3f,\"peak_kb\":%ld}\n", seconds() - from, of(use.ru_utime),
            of(use.ru_stime), use.ru_maxrss);
    fclose(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
