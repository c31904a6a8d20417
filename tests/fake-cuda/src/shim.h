// CUDA C for one thread of the host: what a kernel may name, and how a launch runs it.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>
#include <ucontext.h>

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __shared__ static thread_local
#define __forceinline__ inline
#define __launch_bounds__(...)

struct fake_dim3 { unsigned x, y, z; };
static thread_local fake_dim3 fake_thread, fake_block, fake_block_dim, fake_grid_dim;
#define threadIdx fake_thread
#define blockIdx fake_block
#define blockDim fake_block_dim
#define gridDim fake_grid_dim

static inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
static inline double rsqrt(double x) { return 1.0 / sqrt(x); }
static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }

// Threads of a block that meet run on stacks of their own, each until the next barrier, in order.
static thread_local ucontext_t *fake_here, *fake_home;
static inline void __syncthreads() { if (FAKE_FIBRES) swapcontext(fake_here, fake_home); }

struct fake_fibre { ucontext_t context; std::vector<char> stack; fake_dim3 thread; bool ended; };
static thread_local void (*fake_body)(void *);
static thread_local void *fake_arguments;
static thread_local fake_fibre *fake_running;
static void fake_start() { fake_body(fake_arguments); fake_running->ended = true; }

static void fake_block_of_fibres(void (*body)(void *), void *arguments) {
    fake_dim3 dim = fake_block_dim;
    std::vector<fake_fibre> fibres(size_t(dim.x) * dim.y * dim.z);
    ucontext_t home;
    fake_home = &home, fake_body = body, fake_arguments = arguments;
    size_t nth = 0, left = fibres.size();
    for (unsigned z = 0; z < dim.z; z++) for (unsigned y = 0; y < dim.y; y++) for (unsigned x = 0; x < dim.x; x++) {
        fake_fibre &fibre = fibres[nth++];
        fibre.thread = {x, y, z}, fibre.ended = false, fibre.stack.resize(64 << 10);
        getcontext(&fibre.context);
        fibre.context.uc_stack.ss_sp = fibre.stack.data();
        fibre.context.uc_stack.ss_size = fibre.stack.size();
        fibre.context.uc_link = &home;
        makecontext(&fibre.context, fake_start, 0);
    }
    while (left > 0) for (fake_fibre &fibre : fibres) {
        if (fibre.ended) continue;
        fake_running = &fibre, fake_here = &fibre.context, fake_thread = fibre.thread;
        swapcontext(&home, &fibre.context);
        if (fibre.ended) left--;
    }
}

static void fake_block_in_turn(void (*body)(void *), void *arguments) {
    fake_dim3 dim = fake_block_dim;
    for (unsigned z = 0; z < dim.z; z++) for (unsigned y = 0; y < dim.y; y++) for (unsigned x = 0; x < dim.x; x++) {
        fake_thread = {x, y, z};
        body(arguments);
    }
}

// The signature of a kernel, as the compiler sees it: where each parameter lies, and which are pointers to write.
template <class... A> struct fake_signature {
    static size_t layout(size_t *offsets) {
        size_t at = 0, nth = 0;
        ((at = (at + alignof(A) - 1) / alignof(A) * alignof(A), offsets[nth++] = at, at += sizeof(A)), ...);
        return at;
    }
    static size_t pointers(size_t *found, unsigned char *writes) {
        size_t offsets[64], nth = 0, count = 0;
        layout(offsets);
        ((std::is_pointer<A>::value
              ? (void)(found[count] = offsets[nth],
                       writes[count++] = !std::is_const<typename std::remove_pointer<A>::type>::value)
              : (void)0,
          nth++), ...);
        return count;
    }
    template <class T> static T read(const unsigned char *at) {
        T value;
        memcpy(&value, at, sizeof(T));
        return value;
    }
    template <size_t... I>
    static void apply(void (*kernel)(A...), const unsigned char *bytes, const size_t *offsets, std::index_sequence<I...>) {
        kernel(read<A>(bytes + offsets[I])...);
    }
    static void call(void (*kernel)(A...), const unsigned char *bytes) {
        size_t offsets[64];
        layout(offsets);
        apply(kernel, bytes, offsets, std::index_sequence_for<A...>());
    }
};
template <class... A> fake_signature<A...> fake_of(void (*)(A...)) { return {}; }

static void fake_grid(const unsigned *shape, void (*body)(void *), const unsigned char *bytes) {
    fake_grid_dim = {shape[0], shape[1], shape[2]}, fake_block_dim = {shape[3], shape[4], shape[5]};
    for (unsigned z = 0; z < shape[2]; z++) for (unsigned y = 0; y < shape[1]; y++) for (unsigned x = 0; x < shape[0]; x++) {
        fake_block = {x, y, z};
        (FAKE_FIBRES ? fake_block_of_fibres : fake_block_in_turn)(body, (void *)bytes);
    }
}

#define FAKE_ENTRY(name) \
    extern "C" size_t fake_bytes_##name() { size_t offsets[64]; return decltype(fake_of(&name))::layout(offsets); } \
    extern "C" size_t fake_pointers_##name(size_t *found, unsigned char *writes) { \
        return decltype(fake_of(&name))::pointers(found, writes); \
    } \
    extern "C" void fake_run_##name(const unsigned *shape, const unsigned char *bytes) { \
        fake_grid(shape, [](void *bytes) { decltype(fake_of(&name))::call(&name, (const unsigned char *)bytes); }, bytes); \
    }
