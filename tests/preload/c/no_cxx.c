/* A C program that calls operator new and has no C++ library to throw: ends with one line. */
#include "check.h"
#include <dlfcn.h>

int main(void) {
    void *(*operator_new)(size_t) = (void *(*)(size_t))dlsym(RTLD_DEFAULT, "_Znwm");
    CHECK(operator_new != NULL);
    free(opaque(operator_new(100)));
    operator_new((size_t)PTRDIFF_MAX - 4096);
    return 0;
}
