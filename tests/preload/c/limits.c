/* Out of memory by a limit on addresses. "before": the limit stood when the program started. "while": it is set and
 * lifted while the program runs, which has addresses enough. "binding": the same, and it has not. In each case a failed call says ENOMEM, what is live stays whole, and once memory is
 * free again it can be allocated. */
#include "churn.h"
#include <sys/resource.h>

#define MANY 20000

static unsigned char *blocks[MANY];

/* Allocates until null, checks errno, frees everything; returns how many there were. */
static int exhaust(size_t size) {
    int count = 0;
    for (errno = 0; count < MANY; count++) {
        unsigned char *block = count % 2 ? malloc(size) : calloc(1, size);
        if (block == NULL) break;
        block[0] = block[size - 1] = (unsigned char)count;
        blocks[count] = block;
    }
    if (count < MANY) {
        CHECK(errno == ENOMEM);
        void *place = NULL;
        errno = 0;
        CHECK(realloc(blocks[0], 1 << 30) == NULL && errno == ENOMEM);
        CHECK(posix_memalign(&place, 1 << 20, 1 << 30) == ENOMEM && place == NULL);
    }
    for (int i = 0; i < count; i++) {
        CHECK(blocks[i][0] == (unsigned char)i && blocks[i][size - 1] == (unsigned char)i);
        free(blocks[i]);
    }
    return count;
}

static void churn_a_while(void) {
    struct churn churn = churn_new(5, 1 << 20);
    churn_run(&churn, 20000);
    churn_end(&churn);
}

static void before_start(void) {
    churn_a_while();
    int first = exhaust(1 << 18);
    CHECK(first > 20 && first < MANY);
    CHECK(exhaust(1 << 18) >= first * 9 / 10);
    CHECK(exhaust(3000) > 1000);
    churn_a_while();
}

static void limit(rlim_t bytes) {
    struct rlimit limit = {bytes, RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
}

static void while_running(int binds) {
    churn_a_while();
    struct churn held = churn_new(8, 1 << 18);
    churn_run(&held, 1000);
    /* Less than the process has mapped already: nothing can be mapped any more. */
    limit(64 << 20);
    struct churn churn = churn_new(9, 1 << 20);
    churn.may_refuse = 1;
    churn_run(&churn, 20000);
    errno = 0;
    CHECK(malloc((size_t)1 << 46) == NULL && errno == ENOMEM);
    if (binds) CHECK(exhaust(1 << 20) < 300);
    limit(RLIM_INFINITY);
    churn.may_refuse = 0;
    churn_run(&churn, 20000);
    churn_run(&held, 1000);
    churn_end(&churn);
    churn_end(&held);
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    if (strcmp(arguments[1], "before") == 0)
        before_start();
    else
        while_running(strcmp(arguments[1], "binding") == 0);
    puts("limits ok");
    return 0;
}
