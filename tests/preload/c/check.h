/* What the programs of this folder share: a check that names its line, and an escape from the optimiser. */
#pragma once
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno); \
            _exit(1);                                                                 \
        }                                                                             \
    } while (0)

/* The compiler knows no value that went through here, so it can neither foresee a failure nor drop a call. */
static inline void *opaque(void *pointer) {
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}

static inline int is_aligned(const void *block, size_t align) { return (uintptr_t)block % align == 0; }

/* Fills a block with a pattern that its address and length determine, and tells whether it is still there. */
static inline void fill(unsigned char *block, size_t size, unsigned seed) {
    for (size_t i = 0; i < size; i++) block[i] = (unsigned char)(seed + i * 31);
}

static inline int is_filled(const unsigned char *block, size_t size, unsigned seed) {
    for (size_t i = 0; i < size; i++)
        if (block[i] != (unsigned char)(seed + i * 31)) return 0;
    return 1;
}
