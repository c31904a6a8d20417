// A plug-in: allocates when it is opened, used by several threads, and closed; fails as C++ does.
#include "check.h"
#include <new>
#include <string>
#include <vector>

struct Lives {
    std::vector<std::string> words;
    Lives() {
        for (int i = 0; i < 100; i++) words.push_back("a word that is long enough to be allocated " + std::to_string(i));
    }
    ~Lives() { words.emplace_back("another one, that is long enough as well, on the way out"); }
};

static Lives lives;
static thread_local Lives per_thread;

extern "C" std::size_t plugin_words() { return lives.words.size() + per_thread.words.size(); }

extern "C" char *plugin_text() { return strdup("made by a plug-in, freed by its host"); }

extern "C" int plugin_fails() {
    try {
        opaque(::operator new(static_cast<std::size_t>(PTRDIFF_MAX) - 4096));
    } catch (const std::bad_alloc &) {
        return 1;
    }
    return 0;
}
