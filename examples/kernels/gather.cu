// Row `rows[i]` of the table becomes row `i` of the result: a thread per element.
extern "C" __global__ void gather(
    const float* __restrict__ table,
    const unsigned* __restrict__ rows,
    float* __restrict__ out,
    size_t count,
    unsigned width
) {
    unsigned column = blockIdx.x * blockDim.x + threadIdx.x;
    size_t row = (size_t)blockIdx.y * blockDim.y + threadIdx.y;
    if (column < width && row < count) {
        out[row * width + column] = table[(size_t)rows[row] * width + column];
    }
}
