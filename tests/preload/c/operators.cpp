// Every form of operator new and delete, and how new fails.
#include "check.h"
#include <new>
#include <string>
#include <vector>

static const std::size_t TOO_MUCH = static_cast<std::size_t>(PTRDIFF_MAX) - 4096;
static std::size_t too_much() { return reinterpret_cast<std::size_t>(opaque(reinterpret_cast<void *>(TOO_MUCH))); }

struct Plain { char bytes[40]; };
struct alignas(256) Aligned { char bytes[300]; };

static void every_form() {
    std::align_val_t align{512};
    void *blocks[] = {
        ::operator new(100), ::operator new[](100),
        ::operator new(100, std::nothrow), ::operator new[](100, std::nothrow),
        ::operator new(100, align), ::operator new[](100, align),
        ::operator new(100, align, std::nothrow), ::operator new[](100, align, std::nothrow),
        ::operator new(100), ::operator new[](100), ::operator new(100, align), ::operator new[](100, align),
        ::operator new(0), ::operator new[](0),
    };
    for (void *block : blocks) {
        CHECK(block != nullptr && is_aligned(block, 16));
        memset(opaque(block), 1, 16);
    }
    for (int at : {4, 5, 6, 7, 10, 11}) CHECK(is_aligned(blocks[at], 512));
    ::operator delete(blocks[0]);
    ::operator delete[](blocks[1]);
    ::operator delete(blocks[2], std::nothrow);
    ::operator delete[](blocks[3], std::nothrow);
    ::operator delete(blocks[4], align);
    ::operator delete[](blocks[5], align);
    ::operator delete(blocks[6], align, std::nothrow);
    ::operator delete[](blocks[7], align, std::nothrow);
    ::operator delete(blocks[8], std::size_t{100});
    ::operator delete[](blocks[9], std::size_t{100});
    ::operator delete(blocks[10], std::size_t{100}, align);
    ::operator delete[](blocks[11], std::size_t{100}, align);
    ::operator delete(blocks[12]);
    ::operator delete[](blocks[13]);
    ::operator delete(nullptr);
    ::operator delete[](nullptr, align);
}

static void expressions() {
    Plain *one = static_cast<Plain *>(opaque(new Plain));
    Aligned *many = static_cast<Aligned *>(opaque(new Aligned[10]));
    CHECK(is_aligned(many, 256));
    delete one;
    delete[] many;
    // Blocks of one family freed by the other, as the library's own operators allow.
    free(opaque(::operator new(50)));
    ::operator delete(opaque(malloc(50)));
    std::vector<std::string> words;
    for (int i = 0; i < 20000; i++) words.push_back("a word that is not short: " + std::to_string(i));
    CHECK(words[19999] == "a word that is not short: 19999");
}

template <typename New> static bool throws(New make) {
    try {
        opaque(make());
    } catch (const std::bad_alloc &) {
        return true;
    }
    return false;
}

static int handled;
static void give_up_after_three() {
    if (++handled == 3) std::set_new_handler(nullptr);
}
struct Refusal {};
static void refuse() { throw Refusal(); }

static void failures() {
    std::align_val_t align{4096};
    CHECK(throws([] { return ::operator new(too_much()); }));
    CHECK(throws([] { return ::operator new[](too_much()); }));
    CHECK(throws([=] { return ::operator new(too_much(), align); }));
    CHECK(throws([=] { return ::operator new[](too_much(), align); }));
    CHECK(throws([] { return new char[too_much()]; }));
    CHECK(opaque(::operator new(too_much(), std::nothrow)) == nullptr);
    CHECK(opaque(::operator new[](too_much(), std::nothrow)) == nullptr);
    CHECK(opaque(::operator new(too_much(), align, std::nothrow)) == nullptr);
    CHECK(opaque(::operator new[](too_much(), align, std::nothrow)) == nullptr);

    std::set_new_handler(give_up_after_three);
    CHECK(throws([] { return ::operator new(too_much()); }) && handled == 3);
    std::set_new_handler(give_up_after_three);
    handled = 0;
    CHECK(opaque(::operator new(too_much(), std::nothrow)) == nullptr && handled == 3);

    std::set_new_handler(refuse);
    bool refused = false;
    try {
        opaque(::operator new(too_much()));
    } catch (const Refusal &) {
        refused = true;
    }
    CHECK(refused);
    std::set_new_handler(nullptr);
}

int main() {
    every_form();
    expressions();
    failures();
    puts("operators ok");
}
