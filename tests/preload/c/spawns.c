/* posix_spawn and vfork while other threads allocate, from a heap in use: programs start, the parent's heap is whole. */
#include "churn.h"
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;
static volatile int is_over;

static void *allocate(void *seed) {
    struct churn churn = churn_new((uint64_t)(uintptr_t)seed, 1 << 17);
    CHECK(nice(19) != -1);
    while (!is_over) churn_run(&churn, 100);
    churn_end(&churn);
    return NULL;
}

static void wait_for(pid_t pid) {
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
    char *arguments[] = {"true", NULL};
    pthread_t threads[3];
    for (long i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], NULL, allocate, (void *)(i + 1)) == 0);
    struct churn churn = churn_new(9, 1 << 17);
    for (int i = 0; i < 100; i++) {
        pid_t pid;
        churn_run(&churn, 100);
        CHECK(posix_spawnp(&pid, "true", NULL, NULL, arguments, environ) == 0);
        wait_for(pid);
        pid = vfork();
        CHECK(pid >= 0);
        if (pid == 0) {
            execvp("true", arguments);
            _exit(127);
        }
        wait_for(pid);
        FILE *pipe = popen("echo words", "r");
        char text[16];
        CHECK(pipe != NULL && fgets(text, sizeof text, pipe) != NULL && strcmp(text, "words\n") == 0);
        CHECK(pclose(pipe) == 0);
    }
    is_over = 1;
    for (int i = 0; i < 3; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    churn_end(&churn);
    puts("spawns ok");
    return 0;
}
