/* 100 000 threads that live for a few allocations: each frees what the one before it left, and memory does not grow. */
#include "check.h"
#include <malloc.h>
#include <pthread.h>

#define THREADS 100000

static unsigned char *left[10];

static void *thread(void *number) {
    for (int i = 0; i < 10; i++) {
        size_t size = (size_t)24 << i;
        if (left[i] != NULL) CHECK(is_filled(left[i], size, (unsigned)((long)number - 1)));
        free(left[i]);
        left[i] = malloc(size);
        CHECK(left[i] != NULL);
        fill(left[i], size, (unsigned)(long)number);
    }
    return NULL;
}

static void run(long from, long to) {
    /* Small stacks: making them is most of the time of a short thread. */
    pthread_attr_t small;
    CHECK(pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, 64 << 10) == 0);
    for (long number = from; number < to; number++) {
        pthread_t id;
        CHECK(pthread_create(&id, &small, thread, (void *)number) == 0);
        CHECK(pthread_join(id, NULL) == 0);
    }
}

int main(void) {
    run(1, 1000);
    struct mallinfo2 before = mallinfo2();
    run(1000, THREADS);
    struct mallinfo2 after = mallinfo2();
    CHECK(after.arena + after.hblkhd <= before.arena + before.hblkhd + (4 << 20));
    printf("%d threads ok\n", THREADS);
    return 0;
}
