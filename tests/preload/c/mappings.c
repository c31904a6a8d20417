/* The kernel grants a process some 65 000 mappings. With all of them used up by stripes of protection, calls may fail,
 * but nothing breaks; with the stripes gone, everything works again. */
#include "churn.h"
#include <sys/mman.h>

int main(void) {
    struct churn churn = churn_new(1, 8 << 20), held = churn_new(2, 4 << 20);
    churn_run(&held, 200);
    size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = 300000, striped = 0;
    char *stripes = mmap(NULL, pages * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(stripes != MAP_FAILED);
    for (size_t at = 0; at < pages; at += 2) {
        if (mprotect(stripes + at * page, page, PROT_READ) != 0) break;
        striped++;
    }
    if (striped == pages / 2) {
        puts("SKIPPED: the kernel grants more mappings than this program can use up");
        return 0;
    }
    /* A stripe takes two; the last single ones go to pages that differ from their neighbours. */
    void *last[64];
    int lasts = 0;
    while (lasts < 64) {
        int protection = lasts % 2 ? PROT_READ : PROT_READ | PROT_EXEC;
        last[lasts] = mmap(NULL, page, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (last[lasts] == MAP_FAILED) break;
        lasts++;
    }
    CHECK(lasts < 64);
    churn.may_refuse = held.may_refuse = 1;
    for (int round = 0; round < 20; round++) {
        churn_run(&churn, 100);
        churn_run(&held, 100);
        malloc_trim(0);
    }
    CHECK(munmap(stripes, pages * page) == 0);
    while (lasts-- > 0) CHECK(munmap(last[lasts], page) == 0);
    churn.may_refuse = held.may_refuse = 0;
    churn_run(&churn, 500);
    churn_run(&held, 500);
    churn_end(&churn);
    churn_end(&held);
    printf("mappings ok after %zu stripes, %ld refusals\n", striped, churn.refusals + held.refusals);
    return 0;
}
