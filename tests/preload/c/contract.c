/* What malloc(3), posix_memalign(3), malloc_usable_size(3), mallinfo(3), malloc_trim(3) and mallopt(3) promise.
 * The same program passes on glibc: with an argument, what only stratal promises is checked too. */
#include "check.h"
#include <dlfcn.h>
#include <malloc.h>

static int is_stratal;
static const size_t TOO_MUCH = (size_t)PTRDIFF_MAX + 1;
static const size_t SIZES[] = {1, 7, 16, 17, 100, 512, 1000, 4096, 5000, 32768, 32769, 100000, 1 << 20, (5 << 20) + 1};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static void *allocated(void *block) {
    CHECK(block != NULL && is_aligned(block, 16));
    return opaque(block);
}

/* The call failed with this number, which nothing else set. */
#define FAILS(call, number) \
    do { errno = 0; CHECK(opaque(call) == NULL); CHECK(errno == (number)); } while (0)

static void test_malloc(void) {
    unsigned char *blocks[COUNT(SIZES)];
    for (size_t i = 0; i < COUNT(SIZES); i++) {
        errno = 77;
        blocks[i] = allocated(malloc(SIZES[i]));
        CHECK(errno == 77);
        CHECK(!is_stratal || SIZES[i] < 512 || is_aligned(blocks[i], 64));
        fill(blocks[i], SIZES[i], (unsigned)i);
    }
    for (size_t i = 0; i < COUNT(SIZES); i++) {
        CHECK(is_filled(blocks[i], SIZES[i], (unsigned)i));
        free(blocks[i]);
    }
    void *none = allocated(malloc(0)), *other = allocated(malloc(0));
    CHECK(none != other);
    free(none);
    free(other);
    FAILS(malloc(TOO_MUCH), ENOMEM);
    FAILS(malloc(SIZE_MAX), ENOMEM);
    FAILS(malloc(PTRDIFF_MAX - 100), ENOMEM);
}

static void test_calloc(void) {
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < COUNT(SIZES); i++) {
            unsigned char *block = allocated(calloc(1, SIZES[i]));
            for (size_t at = 0; at < SIZES[i]; at++) CHECK(block[at] == 0);
            memset(block, 0xA5, malloc_usable_size(block));
            free(block);
        }
    free(allocated(calloc(0, 8)));
    free(allocated(calloc(8, 0)));
    FAILS(calloc(SIZE_MAX / 2, 3), ENOMEM);
    FAILS(calloc(SIZE_MAX, SIZE_MAX), ENOMEM);
    FAILS(calloc((size_t)1 << 32, (size_t)1 << 32), ENOMEM);
    FAILS(calloc(1, TOO_MUCH), ENOMEM);
}

static void test_realloc(void) {
    unsigned char *block = realloc(NULL, 10);
    size_t size = 10;
    fill(block, size, 5);
    for (int shrink = 0; shrink < 2; shrink++)
        while (shrink ? size > 10 : size < 40 << 20) {
            size_t next = shrink ? size * 2 / 3 : size * 3 / 2 + 1;
            errno = 77;
            block = allocated(realloc(block, next));
            CHECK(errno == 77);
            CHECK(is_filled(block, next < size ? next : size, 5));
            size = next;
            fill(block, size, 5);
        }
    FAILS(realloc(block, TOO_MUCH), ENOMEM);
    FAILS(realloc(block, PTRDIFF_MAX - 100), ENOMEM);
    CHECK(is_filled(block, size, 5));
    errno = 77;
    CHECK(opaque(realloc(block, 0)) == NULL && errno == 77);
    free(allocated(realloc(NULL, 0)));
    unsigned char *aligned = allocated(memalign(4096, 100));
    fill(aligned, 100, 9);
    aligned = allocated(realloc(aligned, 200000));
    CHECK(is_filled(aligned, 100, 9));
    free(aligned);
}

static void test_reallocarray(void) {
    unsigned char *block = allocated(reallocarray(NULL, 10, 30));
    fill(block, 300, 1);
    block = allocated(reallocarray(block, 1000, 30));
    CHECK(is_filled(block, 300, 1));
    FAILS(reallocarray(block, SIZE_MAX / 2, 3), ENOMEM);
    FAILS(reallocarray(block, (size_t)1 << 33, (size_t)1 << 33), ENOMEM);
    CHECK(is_filled(block, 300, 1));
    free(block);
}

static void test_free(void) {
    errno = 77;
    free(NULL);
    for (size_t i = 0; i < COUNT(SIZES); i++) {
        void *block = allocated(malloc(SIZES[i]));
        errno = 77;
        free(block);
        CHECK(errno == 77);
    }
    /* Pieces of libc that allocate for their caller. */
    char *text = NULL, *line = NULL;
    CHECK(asprintf(&text, "%d %s", 5, "words") == 7);
    FILE *file = fmemopen(text, 7, "r");
    size_t room = 0;
    CHECK(getline(&line, &room, file) == 7 && strcmp(line, text) == 0);
    fclose(file);
    free(line);
    free(text);
}

static void test_aligned_alloc(void) {
    for (size_t align = 1; align <= (size_t)64 << 20; align *= 2) {
        unsigned char *block = allocated(aligned_alloc(align, align + 5));
        CHECK(is_aligned(block, align));
        block[0] = block[align + 4] = 1;
        free(block);
    }
    FAILS(aligned_alloc(64, TOO_MUCH), ENOMEM);
    if (is_stratal) {
        FAILS(aligned_alloc(0, 64), EINVAL);
        FAILS(aligned_alloc(24, 64), EINVAL);
        FAILS(aligned_alloc(SIZE_MAX, 64), EINVAL);
    }
}

static void test_posix_memalign(void) {
    void *block = &block, *const untouched = block;
    static const size_t WRONG[] = {0, 1, 2, 4, 7, 24, 4097, SIZE_MAX};
    errno = 77;
    for (size_t i = 0; i < COUNT(WRONG); i++) CHECK(posix_memalign(&block, WRONG[i], 8) == EINVAL);
    CHECK(posix_memalign(&block, 64, TOO_MUCH) == ENOMEM && posix_memalign(&block, 4096, SIZE_MAX) == ENOMEM);
    CHECK(block == untouched && (errno == 77 || !is_stratal));
    for (size_t align = 8; align <= (size_t)8 << 20; align *= 2)
        for (size_t size = 0; size <= 2 * align; size += align / 2) {
            CHECK(posix_memalign(&block, align, size) == 0 && is_aligned(block, align) && block != NULL);
            memset(block, 1, size);
            free(block);
        }
}

static void test_memalign(void) {
    unsigned char *block = allocated(memalign(24, 100));
    CHECK(is_aligned(block, 32));
    free(block);
    block = allocated(memalign(0, 100));
    free(block);
    block = allocated(memalign(1 << 20, 3));
    CHECK(is_aligned(block, 1 << 20));
    free(block);
    FAILS(memalign(SIZE_MAX, 100), EINVAL);
    FAILS(memalign(64, TOO_MUCH), ENOMEM);
}

static void test_valloc(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *block = allocated(valloc(5));
    CHECK(is_aligned(block, page));
    free(block);
    block = allocated(pvalloc(page + 1));
    CHECK(is_aligned(block, page) && malloc_usable_size(block) >= 2 * page);
    free(block);
    FAILS(valloc(SIZE_MAX), ENOMEM);
    FAILS(pvalloc(SIZE_MAX), ENOMEM);
}

static void test_malloc_usable_size(void) {
    CHECK(malloc_usable_size(NULL) == 0);
    unsigned char *blocks[COUNT(SIZES)];
    for (size_t i = 0; i < COUNT(SIZES); i++) {
        blocks[i] = allocated(malloc(SIZES[i]));
        size_t usable = malloc_usable_size(blocks[i]);
        CHECK(usable >= SIZES[i]);
        fill(blocks[i], usable, (unsigned)i);
    }
    for (size_t i = 0; i < COUNT(SIZES); i++) CHECK(is_filled(blocks[i], malloc_usable_size(blocks[i]), (unsigned)i));
    for (size_t i = 0; i < COUNT(SIZES); i++) free(blocks[i]);
}

static size_t resident_pages(void) {
    unsigned long size, resident;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%lu %lu", &size, &resident) == 2);
    fclose(file);
    return resident;
}

static void test_malloc_trim(void) {
    char *blocks[8];
    for (int i = 0; i < 8; i++) memset(blocks[i] = allocated(malloc(8 << 20)), 1, 8 << 20);
    size_t before = resident_pages();
    for (int i = 0; i < 8; i++) free(blocks[i]);
    int result = malloc_trim(0);
    CHECK(result == 1 || (!is_stratal && result == 0));
    CHECK(resident_pages() + (48 << 20) / (size_t)sysconf(_SC_PAGESIZE) < before);
}

static void test_mallinfo(void) {
    struct mallinfo2 before = mallinfo2();
    void *large = allocated(malloc(8 << 20)), *small[1000];
    for (int i = 0; i < 1000; i++) small[i] = allocated(malloc(1000));
    struct mallinfo2 during = mallinfo2();
    /* glibc has learnt by now to serve such sizes from its heap. */
    CHECK(!is_stratal || during.hblkhd >= before.hblkhd + (8 << 20));
    CHECK(during.uordblks >= before.uordblks + 1000 * 1000);
    CHECK(during.arena >= during.uordblks);
    struct mallinfo small_fields = mallinfo();
    CHECK((size_t)small_fields.hblkhd == during.hblkhd && (size_t)small_fields.uordblks == during.uordblks);
    for (int i = 0; i < 1000; i++) free(small[i]);
    free(large);
    malloc_stats();
}

static void test_mallopt(void) {
    CHECK(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1);
    CHECK(mallopt(M_ARENA_MAX, 1) == 1);
}

/* glibc's internal names, old names, and those of C23 lead to the same blocks. */
static void test_other_names(void) {
    void *(*internal_malloc)(size_t) = (void *(*)(size_t))dlsym(RTLD_DEFAULT, "__libc_malloc");
    void *(*internal_memalign)(size_t, size_t) = (void *(*)(size_t, size_t))dlsym(RTLD_DEFAULT, "__libc_memalign");
    void (*internal_free)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "__libc_free");
    CHECK(internal_malloc && internal_memalign && internal_free);
    free(realloc(allocated(internal_malloc(100)), 1000));
    free(allocated(internal_memalign(256, 100)));
    internal_free(allocated(malloc(100)));
    if (is_stratal) {
        void (*sized)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
        void (*aligned)(void *, size_t, size_t) =
            (void (*)(void *, size_t, size_t))dlsym(RTLD_DEFAULT, "free_aligned_sized");
        void (*old)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "cfree");
        CHECK(sized && aligned && old);
        sized(allocated(malloc(100)), 100);
        aligned(allocated(aligned_alloc(64, 128)), 64, 128);
        old(allocated(malloc(100)));
        old(NULL);
    }
}

#define CASE(name) {#name, test_##name}
static const struct { const char *name; void (*run)(void); } CASES[] = {
    CASE(malloc), CASE(calloc), CASE(realloc), CASE(reallocarray), CASE(free), CASE(aligned_alloc),
    CASE(posix_memalign), CASE(memalign), CASE(valloc), CASE(malloc_usable_size), CASE(malloc_trim),
    CASE(mallinfo), CASE(mallopt), CASE(other_names),
};

int main(int count, char **arguments) {
    (void)arguments;
    is_stratal = count > 1;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        CASES[i].run();
        printf("%s ok\n", CASES[i].name);
    }
    return 0;
}
