// Kernels that the cases in `fail` are held against.
#include <cuda_fp16.h>
#include <cstdint>

extern "C" {

__global__ void step(const float* data, const float* weights, float* __restrict__ out, float lr, int n, size_t d) {
    out[blockIdx.x] = data[0] * weights[0] * lr;
}

__global__ void __launch_bounds__(128) scale(float* x, float by) {
    x[blockIdx.x * blockDim.x + threadIdx.x] *= by;
}

__global__ void sized(
    const __half* x,
    float* y,
    unsigned long long n
) {
    y[n] = x[n];
}

__global__ void sum(const float* x, float* total, float* count) {
    *total += x[threadIdx.x] / *count;
}

__global__ void probe(const float* x) {
    if (x[0] != x[0]) __trap();
}

} // extern "C"
