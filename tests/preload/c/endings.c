/* Allocating and freeing while threads and the process end: key destructors in every round, destructors of C++
 * thread-locals, exit handlers, destructors of the program; blocks outlive the thread that made them. */
#include "churn.h"
#include <pthread.h>

#define THREADS 50

extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);
extern void *__dso_handle;

static pthread_key_t early, late;
static unsigned char *left_behind[THREADS];
static char *from_constructor;
static int rounds, thread_locals;

static void touch_the_heap(void) {
    struct churn churn = churn_new(3, 1 << 17);
    churn_run(&churn, 200);
    churn_end(&churn);
}

/* Sets itself again, so that it runs in every round that pthreads grant, ahead of and behind the pool's own. */
static void key_destructor(void *value) {
    touch_the_heap();
    free(value);
    __atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED);
    pthread_setspecific(early, malloc(100));
    pthread_setspecific(late, malloc(100));
}

static void thread_local_destructor(void *value) {
    touch_the_heap();
    free(value);
    __atomic_add_fetch(&thread_locals, 1, __ATOMIC_RELAXED);
}

static void *thread(void *number) {
    CHECK(__cxa_thread_atexit_impl(thread_local_destructor, malloc(300), &__dso_handle) == 0);
    pthread_setspecific(early, malloc(10));
    pthread_setspecific(late, malloc(10));
    touch_the_heap();
    unsigned char *block = malloc(1000);
    fill(block, 1000, 7);
    left_behind[(long)number] = block;
    return NULL;
}

static void exit_handler(void) {
    touch_the_heap();
    puts("exit handler ok");
}

__attribute__((constructor)) static void constructor(void) {
    touch_the_heap();
    from_constructor = strdup("made before main");
}

__attribute__((destructor)) static void destructor(void) {
    touch_the_heap();
    CHECK(strcmp(from_constructor, "made before main") == 0);
    free(from_constructor);
    puts("destructor ok");
    fflush(stdout);
}

int main(void) {
    pthread_key_t between[40];
    CHECK(pthread_key_create(&early, key_destructor) == 0);
    /* Keys beyond the first 32 make pthreads allocate when they are set. */
    for (int i = 0; i < 40; i++) CHECK(pthread_key_create(&between[i], NULL) == 0);
    CHECK(pthread_key_create(&late, key_destructor) == 0);
    for (long i = 0; i < THREADS; i++) {
        pthread_t id;
        CHECK(pthread_create(&id, NULL, thread, (void *)i) == 0);
        CHECK(pthread_join(id, NULL) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(is_filled(left_behind[i], 1000, 7));
        free(left_behind[i]);
    }
    CHECK(thread_locals == THREADS);
    CHECK(rounds >= 2 * THREADS);
    CHECK(atexit(exit_handler) == 0);
    CHECK(__cxa_thread_atexit_impl(thread_local_destructor, malloc(300), &__dso_handle) == 0);
    puts("threads ok");
    return 0;
}
