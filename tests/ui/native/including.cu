#include "cuda_runtime.h"
#include "made.cu"
extern "C" __global__ void step(float* x) {}
