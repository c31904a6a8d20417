/* Preloaded ahead of the allocator: refuses the memory calls it makes. The first FAULTS_ALLOW succeed, the next
 * FAULTS_REFUSE fail with ENOMEM, the rest succeed. Nothing here allocates. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static long allowed, refused, seen;

/* Ends all refusals and returns how many calls there were. */
long faults_end(void) {
    refused = 0;
    return seen;
}

static long number_of(const char *name) {
    const char *value = getenv(name);
    return value ? atol(value) : 0;
}

static int is_refused(void) {
    long number = __atomic_fetch_add(&seen, 1, __ATOMIC_RELAXED);
    if (number == 0) {
        allowed = number_of("FAULTS_ALLOW");
        refused = number_of("FAULTS_REFUSE");
    }
    if (number < allowed || number - allowed >= refused) return 0;
    errno = ENOMEM;
    return 1;
}

void *mmap(void *start, size_t len, int protection, int flags, int file, off_t offset) {
    if (is_refused()) return MAP_FAILED;
    return (void *)syscall(SYS_mmap, start, len, protection, flags, file, offset);
}

int munmap(void *start, size_t len) { return is_refused() ? -1 : (int)syscall(SYS_munmap, start, len); }

int madvise(void *start, size_t len, int advice) {
    return is_refused() ? -1 : (int)syscall(SYS_madvise, start, len, advice);
}

int mprotect(void *start, size_t len, int protection) {
    return is_refused() ? -1 : (int)syscall(SYS_mprotect, start, len, protection);
}

void *mremap(void *start, size_t len, size_t wanted, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    void *target = va_arg(rest, void *);
    va_end(rest);
    if (is_refused()) return MAP_FAILED;
    return (void *)syscall(SYS_mremap, start, len, wanted, flags, target);
}
