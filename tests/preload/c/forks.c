/* 300 forks while six other threads allocate: every child allocates, frees what it inherited, and ends in order. */
#include "churn.h"
#include <pthread.h>
#include <sys/wait.h>

static volatile int is_over;

static void *allocate(void *seed) {
    struct churn churn = churn_new((uint64_t)(uintptr_t)seed, 1 << 17);
    /* The forking thread goes first wherever both could run. */
    CHECK(nice(19) != -1);
    while (!is_over) churn_run(&churn, 100);
    churn_end(&churn);
    return NULL;
}

static void *allocate_a_little(void *seed) {
    struct churn churn = churn_new((uint64_t)(uintptr_t)seed, 1 << 16);
    churn_run(&churn, 500);
    churn_end(&churn);
    return NULL;
}

static void child(struct churn *inherited, long number) {
    alarm(20);
    churn_run(inherited, 500);
    churn_end(inherited);
    if (number % 10 == 0) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, allocate_a_little, (void *)(number + 1)) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
    /* Every other one by way of the exit handlers. */
    if (number % 2) _exit(0);
    exit(0);
}

int main(void) {
    pthread_t threads[6];
    for (long i = 0; i < 6; i++) CHECK(pthread_create(&threads[i], NULL, allocate, (void *)(i + 1)) == 0);
    struct churn churn = churn_new(99, 1 << 17);
    for (long number = 0; number < 300; number++) {
        churn_run(&churn, 50);
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) child(&churn, number);
        int status;
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    is_over = 1;
    for (int i = 0; i < 6; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    churn_end(&churn);
    puts("300 forks ok");
    return 0;
}
