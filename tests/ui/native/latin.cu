// A comment in Latin-1: café.
extern "C" __global__ void step(float* x) {}
