/* A shadow of some live blocks, and random operations on them: every byte is checked before a block goes. */
#pragma once
#include "check.h"
#include <malloc.h>

#define CHURN_BLOCKS 64

/* Nothing demands that a success leaves errno alone, only that free does; this library promises both. */
static int keeps_errno(void) {
    static int known;
    if (known == 0) known = getenv("LD_PRELOAD") != NULL ? 1 : -1;
    return known > 0;
}

struct churn {
    unsigned char *blocks[CHURN_BLOCKS];
    size_t sizes[CHURN_BLOCKS];
    uint64_t dice;
    /* The longest block. */
    size_t size_max;
    /* Calls that returned null; where refusals are not expected, one ends the program. */
    long refusals;
    int may_refuse;
};

static uint64_t roll(struct churn *churn) {
    churn->dice ^= churn->dice << 13;
    churn->dice ^= churn->dice >> 7;
    churn->dice ^= churn->dice << 17;
    return churn->dice;
}

/* Mostly small, now and then large: as many of each power of two. */
static size_t roll_size(struct churn *churn) {
    size_t top = 1;
    while (top < churn->size_max && roll(churn) % 8) top *= 2;
    return 1 + roll(churn) % top;
}

/* Before a call; afterwards a success has left it alone. */
#define UNTOUCHED 77

/* Whether the call gave a block; if not, it must have said why. */
static int is_given(struct churn *churn, const void *block) {
    CHECK(block == NULL || errno == UNTOUCHED || !keeps_errno());
    if (block != NULL) return 1;
    CHECK(churn->may_refuse && errno == ENOMEM);
    churn->refusals++;
    return 0;
}

static void churn_take(struct churn *churn, int at, size_t size) {
    unsigned char *block;
    errno = UNTOUCHED;
    switch (roll(churn) % 4) {
    case 0:
        block = calloc(1, size);
        for (size_t i = 0; block != NULL && i < size; i++) CHECK(block[i] == 0);
        break;
    case 1: {
        size_t align = (size_t)16 << roll(churn) % 10;
        block = memalign(align, size);
        CHECK(is_aligned(block, align));
        break;
    }
    default:
        block = malloc(size);
    }
    if (!is_given(churn, block)) return;
    churn->blocks[at] = block;
    churn->sizes[at] = size;
    fill(block, size, (unsigned)at);
}

static void churn_resize(struct churn *churn, int at, size_t size) {
    errno = UNTOUCHED;
    unsigned char *block = realloc(churn->blocks[at], size);
    if (!is_given(churn, block)) return;
    CHECK(is_filled(block, size < churn->sizes[at] ? size : churn->sizes[at], (unsigned)at));
    churn->blocks[at] = block;
    churn->sizes[at] = size;
    fill(block, size, (unsigned)at);
}

static void churn_free(struct churn *churn, int at) {
    CHECK(is_filled(churn->blocks[at], churn->sizes[at], (unsigned)at));
    errno = UNTOUCHED;
    free(churn->blocks[at]);
    CHECK(errno == UNTOUCHED || !keeps_errno());
    churn->blocks[at] = NULL;
}

static struct churn churn_new(uint64_t seed, size_t size_max) {
    struct churn churn = {.dice = seed * 0x9E3779B97F4A7C15u + 1, .size_max = size_max};
    return churn;
}

static void churn_run(struct churn *churn, long rounds) {
    for (long round = 0; round < rounds; round++) {
        int at = (int)(roll(churn) % CHURN_BLOCKS);
        if (churn->blocks[at] == NULL)
            churn_take(churn, at, roll_size(churn));
        else if (roll(churn) % 4 == 0)
            churn_resize(churn, at, roll_size(churn));
        else
            churn_free(churn, at);
    }
}

static void churn_end(struct churn *churn) {
    for (int at = 0; at < CHURN_BLOCKS; at++)
        if (churn->blocks[at] != NULL) churn_free(churn, at);
}
