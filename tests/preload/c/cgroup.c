/* Under a limit on resident memory: what is freed is used again or given back, so a program whose live blocks fit never
 * meets the limit, however much it allocates in all. */
#include "churn.h"

#define MIB ((size_t)1 << 20)

int main(void) {
    unsigned char *blocks[100000];
    /* Phases of other sizes each, at most 24 MiB live: 4 GiB in all. */
    for (int phase = 0; phase < 170; phase++) {
        size_t size = (size_t)(100 + phase * 37 % 1000) << phase % 13;
        size_t count = 24 * MIB / size;
        if (count > sizeof blocks / sizeof *blocks) count = sizeof blocks / sizeof *blocks;
        for (size_t i = 0; i < count; i++) {
            CHECK((blocks[i] = malloc(size)) != NULL);
            memset(blocks[i], phase, size);
        }
        for (size_t i = 0; i < count; i++) {
            CHECK(blocks[i][size - 1] == (unsigned char)phase);
            free(blocks[i]);
        }
    }
    puts("cgroup ok");
    return 0;
}
