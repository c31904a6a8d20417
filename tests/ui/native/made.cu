#define KERNEL(name) extern "C" __global__ void name(float* x) {}
KERNEL(made)
