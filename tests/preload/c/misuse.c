/* One misuse of the heap, named by the argument: the process must not survive it. */
#include "check.h"
#include <malloc.h>

/* Makes the caches of this size give back what was freed to them. */
static void spill(size_t size) {
    static void *blocks[5000];
    for (int i = 0; i < 5000; i++) blocks[i] = opaque(malloc(size));
    for (int i = 0; i < 5000; i++) free(blocks[i]);
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    const char *misuse = arguments[1];
    char *block = opaque(malloc(300)), *large = opaque(malloc(1 << 20)), local[600];
    if (strcmp(misuse, "twice") == 0) {
        free(block);
        free(opaque(block));
        spill(300);
    } else if (strcmp(misuse, "middle") == 0) {
        free(opaque(block + 16));
        spill(300);
    } else if (strcmp(misuse, "foreign") == 0) {
        free(opaque(local));
    } else if (strcmp(misuse, "large twice") == 0) {
        free(large);
        free(opaque(large));
        free(opaque(large));
    } else if (strcmp(misuse, "large middle") == 0) {
        free(opaque(large + 65536));
    } else if (strcmp(misuse, "realloc") == 0) {
        opaque(realloc(opaque(local), 100));
    } else if (strcmp(misuse, "usable") == 0) {
        printf("%zu\n", malloc_usable_size(opaque(local)));
    }
    return 0;
}
