/* Signals arrive thousands of times a second, on alternate stacks, in the midst of allocations: their handlers do not
 * allocate, and the heap stays whole. */
#include "churn.h"
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t arrived;
static char stacks[4][64 << 10] __attribute__((aligned(64)));

static void handler(int number) {
    /* Overwrites what a sloppy switch of stacks would share. */
    volatile char room[4096];
    for (size_t i = 0; i < sizeof room; i += 64) room[i] = (char)number;
    arrived++;
}

static void *allocate(void *number) {
    stack_t stack = {.ss_sp = stacks[(long)number], .ss_size = sizeof stacks[0]};
    CHECK(sigaltstack(&stack, NULL) == 0);
    struct churn churn = churn_new((uint64_t)(uintptr_t)number + 1, 1 << 19);
    while (arrived < 3000) churn_run(&churn, 100);
    churn_end(&churn);
    stack.ss_flags = SS_DISABLE;
    CHECK(sigaltstack(&stack, NULL) == 0);
    return NULL;
}

int main(void) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    pthread_t threads[3];
    for (long i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], NULL, allocate, (void *)(i + 1)) == 0);
    allocate((void *)0);
    for (int i = 0; i < 3; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    printf("signals ok\n");
    return 0;
}
