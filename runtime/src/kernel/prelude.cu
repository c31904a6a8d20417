// stratal: generated
// What the C of every kernel is printed against; read by NVRTC for devices and by a C++ compiler for the host.
// On a device a block has 256 threads, and a row belongs to a warp. On the host the first thread of a block does the
// work of all, lane after lane: neither barriers nor shuffles are needed, and the order of every sum is the same.
typedef unsigned long long st_size;

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#pragma nv_diag_suppress 177
#define ST_FN static __device__ __forceinline__
#define ST_LOCAL __shared__
#define ST_BARRIER __syncthreads();
#define ST_ONE
#define ST_PART 1
#define ST_AT(lane) 0
#define ST_ELEMENTS(i, count) const st_size i = (st_size)blockIdx.x * 256 + threadIdx.x; if (i < (count))
#define ST_ROWS(p, count) const st_size p = (st_size)blockIdx.x * 8 + threadIdx.x / 32; if (p < (count))
#define ST_LANES(lane) for (unsigned lane = threadIdx.x & 31u, st_once = 1; st_once; st_once = 0)
#define ST_FIRST_LANE if ((threadIdx.x & 31u) == 0)
#define ST_BLOCK_PART 1
#define ST_THREADS(t) for (unsigned t = threadIdx.x, st_once = 1; st_once; st_once = 0)
ST_FN unsigned st_bits(float x) { return __float_as_uint(x); }
ST_FN float st_of_bits(unsigned x) { return __uint_as_float(x); }
#else
#include <cmath>
#include <cstring>
#ifndef __global__
#define __global__
#endif
#define ST_FN static inline
#define ST_LOCAL
#define ST_BARRIER
#define ST_ONE if (threadIdx.x != 0) return;
#define ST_PART 32
#define ST_AT(lane) lane
#define ST_ELEMENTS(i, count)                                                                                          \
    ST_ONE const st_size st_end = ((st_size)blockIdx.x + 1) * 256 < (count) ? ((st_size)blockIdx.x + 1) * 256 : (count); \
    for (st_size i = (st_size)blockIdx.x * 256; i < st_end; ++i)
#define ST_ROWS(p, count)                                                                                              \
    ST_ONE const st_size st_end = ((st_size)blockIdx.x + 1) * 8 < (count) ? ((st_size)blockIdx.x + 1) * 8 : (count);     \
    for (st_size p = (st_size)blockIdx.x * 8; p < st_end; ++p)
#define ST_LANES(lane) for (unsigned lane = 0; lane < 32; ++lane)
#define ST_FIRST_LANE
#define ST_BLOCK_PART 256
#define ST_THREADS(t) for (unsigned t = 0; t < 256; ++t)
ST_FN unsigned st_bits(float x) { unsigned bits; std::memcpy(&bits, &x, 4); return bits; }
ST_FN float st_of_bits(unsigned bits) { float x; std::memcpy(&x, &bits, 4); return x; }
#endif

// Stored numbers.
struct st_f16 { unsigned short bits; };
struct st_bf16 { unsigned short bits; };
struct st_bool { unsigned char byte; };

ST_FN float st_load(float x) { return x; }
ST_FN double st_load(double x) { return x; }
ST_FN int st_load(int x) { return x; }
ST_FN unsigned st_load(unsigned x) { return x; }
ST_FN long long st_load(long long x) { return x; }
ST_FN unsigned long long st_load(unsigned long long x) { return x; }
ST_FN int st_load(short x) { return x; }
ST_FN int st_load(signed char x) { return x; }
ST_FN unsigned st_load(unsigned short x) { return x; }
ST_FN unsigned st_load(unsigned char x) { return x; }
ST_FN bool st_load(st_bool x) { return x.byte != 0; }
ST_FN float st_load(st_bf16 x) { return st_of_bits((unsigned)x.bits << 16); }
ST_FN float st_load(st_f16 x) {
    const unsigned sign = (unsigned)(x.bits & 0x8000u) << 16, exponent = (x.bits >> 10) & 31u, low = x.bits & 1023u;
    if (exponent == 31u) return st_of_bits(sign | 0x7f800000u | (low << 13) | (low != 0 ? 0x400000u : 0u));
    if (exponent != 0u) return st_of_bits(sign | ((exponent + 112u) << 23) | (low << 13));
    return st_of_bits(sign | st_bits((float)low * 5.9604644775390625e-8f));
}

ST_FN void st_store(float *to, float x) { *to = x; }
ST_FN void st_store(double *to, double x) { *to = x; }
ST_FN void st_store(int *to, int x) { *to = x; }
ST_FN void st_store(unsigned *to, unsigned x) { *to = x; }
ST_FN void st_store(long long *to, long long x) { *to = x; }
ST_FN void st_store(unsigned long long *to, unsigned long long x) { *to = x; }
ST_FN void st_store(short *to, int x) { *to = (short)(unsigned short)(unsigned)x; }
ST_FN void st_store(signed char *to, int x) { *to = (signed char)(unsigned char)(unsigned)x; }
ST_FN void st_store(unsigned short *to, unsigned x) { *to = (unsigned short)x; }
ST_FN void st_store(unsigned char *to, unsigned x) { *to = (unsigned char)x; }
ST_FN void st_store(st_bool *to, bool x) { to->byte = x ? 1 : 0; }
ST_FN void st_store(st_bf16 *to, float x) {
    const unsigned bits = st_bits(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u) to->bits = (unsigned short)((bits >> 16) | 0x40u);
    else to->bits = (unsigned short)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}
ST_FN void st_store(st_f16 *to, float x) {
    const unsigned bits = st_bits(x), sign = (bits >> 16) & 0x8000u, size = bits & 0x7fffffffu;
    unsigned half;
    if (size > 0x7f800000u) half = 0x7e00u | ((size >> 13) & 1023u);
    else if (size >= 0x477ff000u) half = 0x7c00u;
    else if (size >= 0x38800000u) half = (size - 0x38000000u + 0xfffu + ((size >> 13) & 1u)) >> 13;
    else half = st_bits(st_of_bits(size) + 0.5f) - 0x3f000000u;
    to->bits = (unsigned short)(sign | half);
}

// Integers wrap, and a division by zero is 0 and a fault.
#define ST_INTEGER(T, U)                                                                                               \
    ST_FN T st_add(T a, T b) { return (T)((U)a + (U)b); }                                                              \
    ST_FN T st_sub(T a, T b) { return (T)((U)a - (U)b); }                                                              \
    ST_FN T st_mul(T a, T b) { return (T)((U)a * (U)b); }                                                              \
    ST_FN T st_neg(T a) { return (T)((U)0 - (U)a); }                                                                   \
    ST_FN T st_shl(T a, unsigned n) { return (T)((U)a << (n & (8 * sizeof(T) - 1))); }                                 \
    ST_FN T st_shr(T a, unsigned n) { return (T)(a >> (n & (8 * sizeof(T) - 1))); }                                    \
    ST_FN T st_max(T a, T b) { return a < b ? b : a; }                                                                 \
    ST_FN T st_min(T a, T b) { return a > b ? b : a; }                                                                 \
    ST_FN T st_clamp(T x, T low, T high) { const T raised = x < low ? low : x; return raised > high ? high : raised; } \
    ST_FN T st_sum(T a, T b) { return st_add(a, b); }                                                                  \
    ST_FN T st_product(T a, T b) { return st_mul(a, b); }
#define ST_SIGNED(T, U)                                                                                                \
    ST_FN T st_div(T a, T b, unsigned &fault) { if (b == 0) { fault |= 2u; return 0; } return b == -1 ? st_neg(a) : (T)(a / b); } \
    ST_FN T st_rem(T a, T b, unsigned &fault) { if (b == 0) { fault |= 2u; return 0; } return b == -1 ? 0 : (T)(a % b); } \
    ST_FN T st_abs(T a) { return a < 0 ? st_neg(a) : a; }                                                              \
    ST_FN T st_signum(T a) { return (T)((a > 0) - (a < 0)); }
#define ST_UNSIGNED(T)                                                                                                 \
    ST_FN T st_div(T a, T b, unsigned &fault) { if (b == 0) { fault |= 2u; return 0; } return a / b; }                 \
    ST_FN T st_rem(T a, T b, unsigned &fault) { if (b == 0) { fault |= 2u; return 0; } return a % b; }                 \
    ST_FN T st_abs(T a) { return a; }
ST_INTEGER(int, unsigned)
ST_INTEGER(unsigned, unsigned)
ST_INTEGER(long long, unsigned long long)
ST_INTEGER(unsigned long long, unsigned long long)
ST_SIGNED(int, unsigned)
ST_SIGNED(long long, unsigned long long)
ST_UNSIGNED(unsigned)
ST_UNSIGNED(unsigned long long)

// Floats to integers, saturating; no number is 0.
#define ST_CAST(T, name, low, high, least, most)                                                                       \
    template <class F> ST_FN T st_cast_##name(F x) {                                                                   \
        if (x != x) return 0;                                                                                          \
        if (x <= (F)low) return least;                                                                                 \
        return x >= (F)high ? most : (T)x;                                                                             \
    }
ST_CAST(int, i32, -2147483648.0, 2147483648.0, (int)0x80000000u, 2147483647)
ST_CAST(unsigned, u32, 0.0, 4294967296.0, 0u, 4294967295u)
ST_CAST(long long, i64, -9223372036854775808.0, 9223372036854775808.0, (long long)0x8000000000000000ull, 9223372036854775807ll)
ST_CAST(unsigned long long, u64, 0.0, 18446744073709551616.0, 0ull, 18446744073709551615ull)

// Functions of floats. A maximum is the other number beside a NaN, and the first of two equal ones.
#define ST_FLOAT(T, f)                                                                                                 \
    ST_FN T st_sum(T a, T b) { return a + b; }                                                                         \
    ST_FN T st_product(T a, T b) { return a * b; }                                                                     \
    ST_FN T st_max(T a, T b) { return a < b || a != a ? b : a; }                                                       \
    ST_FN T st_min(T a, T b) { return a > b || a != a ? b : a; }                                                       \
    ST_FN T st_clamp(T x, T low, T high) { const T raised = x < low ? low : x; return raised > high ? high : raised; } \
    ST_FN T st_rem(T a, T b) { return fmod##f(a, b); }                                                                 \
    ST_FN T st_abs(T x) { return fabs##f(x); }                                                                         \
    ST_FN T st_signum(T x) { return x != x ? x : copysign##f((T)1, x); }                                               \
    ST_FN T st_sqrt(T x) { return sqrt##f(x); }                                                                        \
    ST_FN T st_cbrt(T x) { return cbrt##f(x); }                                                                        \
    ST_FN T st_recip(T x) { return (T)1 / x; }                                                                         \
    ST_FN T st_exp(T x) { return exp##f(x); }                                                                          \
    ST_FN T st_exp2(T x) { return exp2##f(x); }                                                                        \
    ST_FN T st_exp_m1(T x) { return expm1##f(x); }                                                                     \
    ST_FN T st_ln(T x) { return log##f(x); }                                                                           \
    ST_FN T st_ln_1p(T x) { return log1p##f(x); }                                                                      \
    ST_FN T st_log2(T x) { return log2##f(x); }                                                                        \
    ST_FN T st_log10(T x) { return log10##f(x); }                                                                      \
    ST_FN T st_sin(T x) { return sin##f(x); }                                                                          \
    ST_FN T st_cos(T x) { return cos##f(x); }                                                                          \
    ST_FN T st_tan(T x) { return tan##f(x); }                                                                          \
    ST_FN T st_asin(T x) { return asin##f(x); }                                                                        \
    ST_FN T st_acos(T x) { return acos##f(x); }                                                                        \
    ST_FN T st_atan(T x) { return atan##f(x); }                                                                        \
    ST_FN T st_atan2(T y, T x) { return atan2##f(y, x); }                                                              \
    ST_FN T st_sinh(T x) { return sinh##f(x); }                                                                        \
    ST_FN T st_cosh(T x) { return cosh##f(x); }                                                                        \
    ST_FN T st_tanh(T x) { return tanh##f(x); }                                                                        \
    ST_FN T st_floor(T x) { return floor##f(x); }                                                                      \
    ST_FN T st_ceil(T x) { return ceil##f(x); }                                                                        \
    ST_FN T st_round(T x) { return round##f(x); }                                                                      \
    ST_FN T st_trunc(T x) { return trunc##f(x); }                                                                      \
    ST_FN T st_fract(T x) { return x - trunc##f(x); }                                                                  \
    ST_FN T st_powf(T x, T y) { return pow##f(x, y); }                                                                 \
    ST_FN T st_hypot(T x, T y) { return hypot##f(x, y); }                                                              \
    ST_FN T st_copysign(T x, T y) { return copysign##f(x, y); }                                                        \
    ST_FN T st_mul_add(T x, T y, T z) { return fma##f(x, y, z); }                                                      \
    ST_FN bool st_is_nan(T x) { return x != x; }                                                                       \
    ST_FN bool st_is_finite(T x) { return x - x == 0; }                                                                \
    ST_FN bool st_is_infinite(T x) { return x == x && x - x != 0; }
ST_FLOAT(float, f)
ST_FLOAT(double, )

// Folding: lanes by halves, the first with the seventeenth.
struct st_fold_sum { template <class T> ST_FN T of(T a, T b) { return st_sum(a, b); } };
struct st_fold_product { template <class T> ST_FN T of(T a, T b) { return st_product(a, b); } };
struct st_fold_max { template <class T> ST_FN T of(T a, T b) { return st_max(a, b); } };
struct st_fold_min { template <class T> ST_FN T of(T a, T b) { return st_min(a, b); } };

template <class F, class T> ST_FN T st_fold_lanes(T *part) {
#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
    T value = part[0];
    for (unsigned half = 16; half > 0; half /= 2) value = F::of(value, __shfl_down_sync(0xffffffffu, value, half));
    return __shfl_sync(0xffffffffu, value, 0);
#else
    for (unsigned half = 16; half > 0; half /= 2)
        for (unsigned lane = 0; lane < half; ++lane) part[lane] = F::of(part[lane], part[lane + half]);
    return part[0];
#endif
}

// The product of two matrices, a tile of 16 by 16 to a block; every element is summed in the order of the inner
// dimension. What is beyond it is 0 on both sides, and a sum that began with 0 does not notice.
template <class T>
ST_FN void st_matmul(T *out, const T *a, bool a_swapped, const T *b, bool b_swapped, st_size rows, st_size inner, st_size columns) {
    const st_size across = (columns + 15) / 16;
    const st_size top = blockIdx.x / across * 16, left = blockIdx.x % across * 16;
    ST_LOCAL T from_a[16][17];
    ST_LOCAL T from_b[16][17];
    T sum[ST_BLOCK_PART];
    ST_THREADS(t) sum[ST_BLOCK_PART == 1 ? 0 : t] = 0;
    for (st_size step = 0; step < inner; step += 16) {
        ST_THREADS(t) {
            const unsigned y = t / 16, x = t % 16;
            const bool in_a = top + y < rows && step + x < inner, in_b = step + y < inner && left + x < columns;
            from_a[y][x] = !in_a ? 0 : a_swapped ? a[(step + x) * rows + top + y] : a[(top + y) * inner + step + x];
            from_b[y][x] = !in_b ? 0 : b_swapped ? b[(left + x) * inner + step + y] : b[(step + y) * columns + left + x];
        }
        ST_BARRIER
        ST_THREADS(t) {
            const unsigned y = t / 16, x = t % 16;
            for (unsigned k = 0; k < 16; ++k) {
                T &total = sum[ST_BLOCK_PART == 1 ? 0 : t];
                total = st_sum(total, st_product(from_a[y][k], from_b[k][x]));
            }
        }
        ST_BARRIER
    }
    ST_THREADS(t) {
        const unsigned y = t / 16, x = t % 16;
        if (top + y < rows && left + x < columns) out[(top + y) * columns + left + x] = sum[ST_BLOCK_PART == 1 ? 0 : t];
    }
}
