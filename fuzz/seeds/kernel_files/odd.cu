// What cannot be launched, or not be compared.
typedef struct { float a, b; } pair;

template <typename T>
__global__ void generic(T* x) {}

__global__ void mangled(float* x) {}

__device__ float helper(float x) { return x; }

extern "C" __global__ void promised(float* x);

#ifdef FAST
extern "C" __global__ void twice(float* x) {}
#else
extern "C" __global__ void twice(double* x) {}
#endif

extern "C" {
__global__ void structs(float* x, pair by) {}
__global__ void nothing(void* x) {}
__global__ void characters(char* x) {}
__global__ void vectors(float4* x) {}
__global__ void references(float& x) {}
__global__ void tables(float** x) {}
__global__ void any(...) {}
__global__ void maybe(
    float
#ifdef WIDE
    *
#endif
    * x) {}
__global__ void words(float x y) {}
}

extern "C" __global__ void endless(float* x) {
