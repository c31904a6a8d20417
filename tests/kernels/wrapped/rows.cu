// Written by hand, for suite `kernels`.
typedef float real;

#define THREADS 64

// Subtracts from each row its mean, times `share`, and says the means: a block per row.
extern "C" __global__ void __launch_bounds__(THREADS) centre(
    real* __restrict__ x, // [rows, columns], in place
    bool skip,
    double share,
    int columns,
    real* means,
    const signed char* __restrict__ weights // [columns]
) {
    __shared__ real part[THREADS];
    real* row = x + (size_t)blockIdx.x * columns;
    real sum = 0;
    for (int i = threadIdx.x; i < columns; i += THREADS) sum += row[i] * weights[i];
    part[threadIdx.x] = sum;
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    }
    __syncthreads();
    real mean = part[0] / columns;
    if (threadIdx.x == 0) means[blockIdx.x] = mean;
    if (skip) return;
    for (int i = threadIdx.x; i < columns; i += THREADS) row[i] -= (real)(mean * share);
}
