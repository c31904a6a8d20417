/* Opens, uses and closes a C++ plug-in again and again; its constructors, destructors and thread-locals allocate, and
 * nothing is left behind. The program itself is C, so the plug-in brings the C++ library. */
#include "check.h"
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>

static size_t (*words)(void);

static void *use(void *none) {
    CHECK(words() == 200);
    return none;
}

static void open_and_close(const char *path) {
    void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (plugin == NULL) fprintf(stderr, "%s\n", dlerror());
    CHECK(plugin != NULL);
    words = (size_t (*)(void))dlsym(plugin, "plugin_words");
    char *(*text)(void) = (char *(*)(void))dlsym(plugin, "plugin_text");
    int (*fails)(void) = (int (*)(void))dlsym(plugin, "plugin_fails");
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, use, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    char *made = text();
    CHECK(fails());
    CHECK(dlclose(plugin) == 0);
    CHECK(dlopen(path, RTLD_NOW | RTLD_NOLOAD) == NULL);
    CHECK(strcmp(made, "made by a plug-in, freed by its host") == 0);
    free(made);
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    for (int i = 0; i < 50; i++) open_and_close(arguments[1]);
    struct mallinfo2 before = mallinfo2();
    for (int i = 0; i < 300; i++) open_and_close(arguments[1]);
    struct mallinfo2 after = mallinfo2();
    CHECK(after.uordblks + after.hblkhd <= before.uordblks + before.hblkhd + (256 << 10));
    puts("plugins ok");
    return 0;
}
