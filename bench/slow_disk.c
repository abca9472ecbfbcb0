/* Preloaded into a server by bench/slow_disk.py: each sync waits for the time that a slower disk would take, after the real one.
   SLOW_DISK_US holds microseconds. The calling thread sleeps, as it does on a real disk; two syncs at once wait side by side. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

typedef int (*sync_call)(int);

static void linger(void) {
    const char *given = getenv("SLOW_DISK_US");
    long micros = given ? atol(given) : 0;
    struct timespec left = {micros / 1000000, (micros % 1000000) * 1000};
    while (micros > 0 && nanosleep(&left, &left) == -1 && errno == EINTR) {
    }
}

static int slowly(const char *name, int file) {
    int result = ((sync_call)dlsym(RTLD_NEXT, name))(file);
    int kept = errno;
    linger();
    errno = kept;
    return result;
}

int fsync(int file) { return slowly("fsync", file); }

int fdatasync(int file) { return slowly("fdatasync", file); }
