// Kernels of the local engine: one row of a batch, or one head of it, by one block of threads, so that a row's numbers
// do not depend on its neighbours. All numbers are f32; tensors are row by row, strides in numbers.
//
// Attention keeps a running highest score and sum (Milakov and Gimelshein 2018, https://arxiv.org/abs/1805.02867).

typedef unsigned int u32;
typedef long long i64;

__device__ __forceinline__ float warp_sum(float value) {
    for (int step = 16; step > 0; step >>= 1) value += __shfl_xor_sync(0xffffffffu, value, step);
    return value;
}

// The sum over a block of at most 1024 threads, in every thread.
__device__ __forceinline__ float block_sum(float value) {
    __shared__ float parts[32];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    value = warp_sum(value);
    __syncthreads();
    if (lane == 0) parts[warp] = value;
    __syncthreads();
    return warp_sum(lane < (blockDim.x >> 5) ? parts[lane] : 0.0f);
}

// Layer norm, or root-mean-square norm, of x or of x + y. Grid: rows. Shared: width numbers.
extern "C" __global__ void norm_rows(const float *x, const float *y, const float *gain, const float *bias, float *out,
                                     int width, float epsilon, int centred) {
    extern __shared__ float values[];
    const i64 from = (i64)blockIdx.x * width;
    float sum = 0.0f;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        const float value = y ? x[from + i] + y[from + i] : x[from + i];
        values[i] = value;
        sum += value;
    }
    const float mean = centred ? block_sum(sum) / width : 0.0f;
    float squares = 0.0f;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        const float value = values[i] - mean;
        squares += value * value;
    }
    const float scale = 1.0f / sqrtf(block_sum(squares) / width + epsilon);
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        const float value = (values[i] - mean) * scale * gain[i];
        out[from + i] = bias ? value + bias[i] : value;
    }
}

// Heads normed (where there is a gain) and turned (where there are pairs), into their row or their slot.
// Grid: rows, heads. Block: one warp. Shared: width numbers.
extern "C" __global__ void place_heads(const float *x, i64 stride, int width, const float *gain, float epsilon,
                                       const float *frequencies, int pairs, float factor, const u32 *positions,
                                       const u32 *slots, float *out, i64 out_stride) {
    extern __shared__ float values[];
    const i64 row = blockIdx.x;
    const float *in = x + row * stride + (i64)blockIdx.y * width;
    float squares = 0.0f;
    for (int i = threadIdx.x; i < width; i += 32) {
        values[i] = in[i];
        squares += in[i] * in[i];
    }
    if (gain) {
        const float scale = 1.0f / sqrtf(warp_sum(squares) / width + epsilon);
        for (int i = threadIdx.x; i < width; i += 32) values[i] = values[i] * scale * gain[i];
    }
    __syncwarp();
    float *to = out + (slots ? (i64)slots[row] : row) * out_stride + (i64)blockIdx.y * width;
    for (int i = threadIdx.x; i < width; i += 32) {
        float value = values[i];
        if (i < 2 * pairs) {
            const int pair = i < pairs ? i : i - pairs;
            const float other = values[i < pairs ? i + pairs : pair];
            float sine, cosine;
            sincosf((float)positions[row] * frequencies[pair], &sine, &cosine);
            sine *= factor;
            cosine *= factor;
            value = i < pairs ? value * cosine - other * sine : value * cosine + other * sine;
        }
        to[i] = value;
    }
}

// activation(gate) * up. Grid: rows, pieces of the width. Kinds: 0 SiLU, 1 GELU by tanh, 2 GELU by the error function.
extern "C" __global__ void gate_rows(const float *gate, i64 gate_stride, const float *up, i64 up_stride, float *out,
                                     int width, int kind) {
    const int i = blockIdx.y * blockDim.x + threadIdx.x;
    if (i >= width) return;
    const i64 row = blockIdx.x;
    const float x = gate[row * gate_stride + i];
    float value;
    if (kind == 0) {
        value = x / (1.0f + expf(-x));
    } else if (kind == 1) {
        value = 0.5f * x * (1.0f + tanhf(0.7978846f * (x + 0.044715f * x * x * x)));
    } else {
        value = 0.5f * x * (1.0f + erff(x * 0.70710678f));
    }
    out[row * width + i] = value * up[row * up_stride + i];
}

// Of each row of logits the highest, its token (the smallest among equals), and the logarithm of the sum of exponentials.
// Grid: rows. Block: 1024.
extern "C" __global__ void summarise_rows(const float *x, int width, float cap, u32 *tokens, float *highest,
                                          double *wholes) {
    __shared__ float peaks[32];
    __shared__ u32 places[32];
    __shared__ double sums[32];
    const float *row = x + (i64)blockIdx.x * width;
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    float peak = -INFINITY;
    u32 place = 0xffffffffu;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        if (row[i] > peak) {
            peak = row[i];
            place = i;
        }
    }
    for (int step = 16; step > 0; step >>= 1) {
        const float other = __shfl_xor_sync(0xffffffffu, peak, step);
        const u32 there = __shfl_xor_sync(0xffffffffu, place, step);
        if (other > peak || (other == peak && there < place)) {
            peak = other;
            place = there;
        }
    }
    if (lane == 0) {
        peaks[warp] = peak;
        places[warp] = place;
    }
    __syncthreads();
    for (int w = 0; w < 32; w++) {
        if (peaks[w] > peak || (peaks[w] == peak && places[w] < place)) {
            peak = peaks[w];
            place = places[w];
        }
    }
    if (cap > 0.0f) peak = cap * tanhf(peak / cap);
    double sum = 0.0;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        const float value = cap > 0.0f ? cap * tanhf(row[i] / cap) : row[i];
        sum += (double)expf(value - peak);
    }
    for (int step = 16; step > 0; step >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, step);
    if (lane == 0) sums[warp] = sum;
    __syncthreads();
    if (threadIdx.x != 0) return;
    sum = 0.0;
    for (int w = 0; w < 32; w++) sum += sums[w];
    tokens[blockIdx.x] = place == 0xffffffffu ? 0 : place;
    highest[blockIdx.x] = peak;
    wholes[blockIdx.x] = (double)peak + log(sum);
}

// Warps that share the keys of one head of one row, and keys that a warp takes at once.
#define WARPS 4
#define KEYS 4
#define BLOCK 16

// A head of up to 32 * N numbers over keys `first..=last` of its text. Lanes hold numbers, so that a key is read in one
// go; warps take keys in turn and their sums are put together at the end. Grid: rows, heads.
template <int N>
__device__ void attend(const float *q, i64 q_stride, const float *k, const float *v, i64 stride, float *out,
                       const u32 *seen, int rows, int tables, int group, int width, float scale, float cap) {
    const int row = blockIdx.x, head = blockIdx.y;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
    const u32 first = seen[row], last = seen[rows + row], start = seen[2 * rows + row];
    const u32 *blocks = tables ? seen + 3 * (i64)rows + start : 0;
    const i64 part = (i64)(head / group) * width;
    float mine[N], sums[N];
    #pragma unroll
    for (int n = 0; n < N; n++) {
        const int i = lane + 32 * n;
        mine[n] = i < width ? q[row * q_stride + (i64)head * width + i] * scale : 0.0f;
        sums[n] = 0.0f;
    }
    float highest = -INFINITY, total = 0.0f;
    for (u32 key = first + warp * KEYS; key <= last; key += WARPS * KEYS) {
        float scores[KEYS];
        i64 at[KEYS];
        #pragma unroll
        for (int u = 0; u < KEYS; u++) {
            const u32 here = key + u <= last ? key + u : last;
            const i64 place = blocks ? (i64)blocks[here / BLOCK] * BLOCK + here % BLOCK : (i64)start + here;
            at[u] = place * stride + part;
            float score = 0.0f;
            #pragma unroll
    for (int n = 0; n < N; n++) {
                const int i = lane + 32 * n;
                if (i < width) score += mine[n] * k[at[u] + i];
            }
            scores[u] = score;
        }
        float peak = highest;
        #pragma unroll
        for (int u = 0; u < KEYS; u++) {
            float score = warp_sum(scores[u]);
            if (cap > 0.0f) score = cap * tanhf(score / cap);
            scores[u] = key + u <= last ? score : -INFINITY;
            peak = fmaxf(peak, scores[u]);
        }
        const float shrink = expf(highest - peak);
        total *= shrink;
        #pragma unroll
    for (int n = 0; n < N; n++) sums[n] *= shrink;
        #pragma unroll
        for (int u = 0; u < KEYS; u++) {
            const float share = expf(scores[u] - peak);
            total += share;
            #pragma unroll
    for (int n = 0; n < N; n++) {
                const int i = lane + 32 * n;
                if (i < width) sums[n] += share * v[at[u] + i];
            }
        }
        highest = peak;
    }
    __shared__ float peaks[WARPS], totals[WARPS], all[WARPS][32 * N];
    if (lane == 0) {
        peaks[warp] = highest;
        totals[warp] = total;
    }
    #pragma unroll
    for (int n = 0; n < N; n++) all[warp][lane + 32 * n] = sums[n];
    __syncthreads();
    if (warp != 0) return;
    float peak = -INFINITY, whole = 0.0f;
    for (int w = 0; w < WARPS; w++) peak = fmaxf(peak, peaks[w]);
    for (int w = 0; w < WARPS; w++) whole += totals[w] * expf(peaks[w] - peak);
    #pragma unroll
    for (int n = 0; n < N; n++) {
        const int i = lane + 32 * n;
        if (i >= width) continue;
        float sum = 0.0f;
        for (int w = 0; w < WARPS; w++) sum += all[w][i] * expf(peaks[w] - peak);
        out[((i64)row * gridDim.y + head) * width + i] = sum / whole;
    }
}

#define ATTEND(N)                                                                                                      \
    extern "C" __global__ void attend_##N(const float *q, i64 q_stride, const float *k, const float *v, i64 stride,    \
                                          float *out, const u32 *seen, int rows, int tables, int group, int width,     \
                                          float scale, float cap) {                                                    \
        attend<N>(q, q_stride, k, v, stride, out, seen, rows, tables, group, width, scale, cap);                       \
    }
ATTEND(1)
ATTEND(2)
ATTEND(3)
ATTEND(4)
ATTEND(5)
ATTEND(6)
ATTEND(7)
ATTEND(8)
