/* The sweep: in a fresh process each time, the k-th memory call of the allocator fails, once or from then on, for every
 * k until none fails any more. A refused call says ENOMEM, all live blocks stay whole, and memory comes back. */
#include "churn.h"
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;
static long refusals;

static void *work(void *seed) {
    struct churn churn = churn_new((uint64_t)(uintptr_t)seed, 4 << 20);
    churn.may_refuse = 1;
    churn_run(&churn, 600);
    malloc_trim(0);
    churn_run(&churn, 200);
    churn_end(&churn);
    refusals += churn.refusals;
    return NULL;
}

/* What one process does: 2 if a memory call failed, 3 if a call of the program failed by it, 0 if there was neither. */
static int life(long allow) {
    long (*end_of_faults)(void) = (long (*)(void))dlsym(RTLD_DEFAULT, "faults_end");
    CHECK(end_of_faults != NULL);
    work((void *)1);
    pthread_t thread;
    /* A thread that is new to the pool. It may be refused by itself, which is not this test's. */
    if (pthread_create(&thread, NULL, work, (void *)2) == 0) CHECK(pthread_join(thread, NULL) == 0);
    int is_reached = end_of_faults() > allow;
    struct churn after = churn_new(3, 4 << 20);
    churn_run(&after, 300);
    churn_end(&after);
    return is_reached ? 2 + (refusals > 0) : 0;
}

static int life_of_its_own(char *program, long allow, long refuse) {
    char number[32];
    char *arguments[] = {program, number, NULL};
    snprintf(number, sizeof number, "%ld", refuse);
    CHECK(setenv("FAULTS_REFUSE", number, 1) == 0);
    snprintf(number, sizeof number, "%ld", allow);
    CHECK(setenv("FAULTS_ALLOW", number, 1) == 0);
    pid_t pid;
    int status;
    CHECK(posix_spawn(&pid, program, NULL, NULL, arguments, environ) == 0);
    CHECK(waitpid(pid, &status, 0) == pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) == 1) fprintf(stderr, "allowed %ld, refused %ld: %x\n", allow, refuse, status);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 1);
    return WEXITSTATUS(status);
}

int main(int count, char **arguments) {
    if (count == 2) return life(atol(arguments[1]));
    int lives = 0, nulls = 0;
    for (int persistent = 0; persistent < 2; persistent++)
        for (long allow = 0;; allow++) {
            int end = life_of_its_own(arguments[0], allow, persistent ? LONG_MAX : 1);
            if (end == 0) break;
            lives++;
            nulls += end == 3;
        }
    CHECK(lives > 10 && nulls > 0);
    printf("refusals ok: %d lives, null was seen in %d\n", lives, nulls);
    return 0;
}
