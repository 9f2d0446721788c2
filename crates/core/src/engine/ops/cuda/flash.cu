// Attention of many queries of one text at once, on tensor cores: FlashAttention-2 (Dao 2023,
// https://arxiv.org/abs/2307.08691) over keys and values in blocks (Kwon et al. 2023, https://arxiv.org/abs/2309.06180).
//
// A block of threads takes up to 64 rows of one text and one head; each of its four warps has 16 of the rows. Keys come
// through shared memory KEYS at a time, in pieces that begin at multiples of KEYS in the text: a row's numbers do not
// depend on which rows are beside it.
//
// Tensor cores multiply numbers of 11 bits. Each f32 is the sum of two such, and of their four products the three that
// matter are added (Ootomo and Yokota 2022, https://arxiv.org/abs/2203.03341): the result is as good as in f32.
//
// One file for each width: WIDTH, numbers of a head at most, is 32, 64, 96, 128 or 256.

typedef unsigned int u32;
typedef long long i64;

#define TILE 64
#define BLOCK 16
#if WIDTH > 128
#define KEYS 16
#else
#define KEYS 32
#endif
// Numbers from key to key in shared memory: lanes that read together find different banks.
#define STRIDE (WIDTH + 4)
// Queries stay in registers where they fit.
#define KEEPS_QUERIES (WIDTH <= 128)

// The eleven highest bits of a number.
__device__ __forceinline__ float high(float x) { return __uint_as_float(__float_as_uint(x) & 0xffffe000u); }

// d += a b, of 16 by 8 and 8 by 8 numbers. Of lane 4 g + t: a has (g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4); b has
// (t, g), (t + 4, g); d has (g, 2 t), (g, 2 t + 1), (g + 8, 2 t), (g + 8, 2 t + 1).
__device__ __forceinline__ void multiply(float *d, const float *a, const float *b) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
                 "{%0,%1,%2,%3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])),
                   "r"(__float_as_uint(a[3])), "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
}

// The same of whole f32; a is given in two parts.
__device__ __forceinline__ void multiply_whole(float *d, const float *a_high, const float *a_low, float b0, float b1) {
    const float b_high[2] = {high(b0), high(b1)};
    const float b_low[2] = {b0 - b_high[0], b1 - b_high[1]};
    multiply(d, a_low, b_high);
    multiply(d, a_high, b_low);
    multiply(d, a_high, b_high);
}

__device__ __forceinline__ float of_four(float value, bool sum) {
    #pragma unroll
    for (int step = 1; step < 4; step <<= 1) {
        const float other = __shfl_xor_sync(0xffffffffu, value, step);
        value = sum ? value + other : fmaxf(value, other);
    }
    return value;
}

// Tiles: first row and rows of each, the rows of one text. Rows have first and last key and the start of their text, as
// in `attend`. Grid: tiles, heads. Block: 128. All strides and `width` are multiples of 4.
extern "C" __global__ void __launch_bounds__(128)
    attend_tile(const float *q, i64 q_stride, const float *k, const float *v, i64 stride, float *out, const u32 *seen,
                const u32 *tiles, int rows, int tables, int group, int width, float scale, float cap) {
    __shared__ float keys[KEYS * STRIDE], values[KEYS * STRIDE];
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, g = lane >> 2, t = lane & 3;
    const int head = blockIdx.y, begin = tiles[2 * blockIdx.x], count = tiles[2 * blockIdx.x + 1];
    const u32 start = seen[2 * (i64)rows + begin];
    const u32 *blocks = tables ? seen + 3 * (i64)rows + start : 0;
    const i64 part = (i64)(head / group) * width;

    // Which keys the tile sees, and which this warp.
    const int low = lane < count ? lane : count - 1, high_row = lane + 32 < count ? lane + 32 : count - 1;
    u32 from = min(seen[begin + low], seen[begin + high_row]);
    u32 to = max(seen[rows + begin + low], seen[rows + begin + high_row]);
    const int mine = warp * 16 + (lane & 15) < count ? warp * 16 + (lane & 15) : count - 1;
    u32 warp_from = seen[begin + mine], warp_to = seen[rows + begin + mine];
    #pragma unroll
    for (int step = 16; step > 0; step >>= 1) {
        from = min(from, __shfl_xor_sync(0xffffffffu, from, step));
        to = max(to, __shfl_xor_sync(0xffffffffu, to, step));
        warp_from = min(warp_from, __shfl_xor_sync(0xffffffffu, warp_from, step));
        warp_to = max(warp_to, __shfl_xor_sync(0xffffffffu, warp_to, step));
    }
    const bool works = warp * 16 < count;

    // This thread's two rows; those after the last are the last again, and are not written.
    const int row_of[2] = {warp * 16 + g, warp * 16 + g + 8};
    const float *queries[2];
    u32 first[2], last[2];
    #pragma unroll
    for (int r = 0; r < 2; r++) {
        const int row = begin + (row_of[r] < count ? row_of[r] : count - 1);
        queries[r] = q + row * q_stride + (i64)head * width;
        first[r] = seen[row];
        last[r] = seen[rows + row];
    }
#if KEEPS_QUERIES
    float kept[WIDTH / 8][4];
    #pragma unroll
    for (int n = 0; n < WIDTH / 8; n++) {
        #pragma unroll
        for (int part_of = 0; part_of < 4; part_of++) {
            const int i = 8 * n + t + 4 * (part_of >> 1);
            kept[n][part_of] = i < width ? queries[part_of & 1][i] * scale : 0.0f;
        }
    }
#endif

    float sums[WIDTH / 8][4];
    #pragma unroll
    for (int n = 0; n < WIDTH / 8; n++) {
        #pragma unroll
        for (int i = 0; i < 4; i++) sums[n][i] = 0.0f;
    }
    float highest[2] = {-INFINITY, -INFINITY}, totals[2] = {0.0f, 0.0f};

    for (u32 key = from / KEYS * KEYS; key <= to; key += KEYS) {
        __syncthreads();
        // What nobody sees is never read: it may be memory that nothing was written to.
        for (int i = threadIdx.x; i < KEYS * (WIDTH / 4); i += 128) {
            const int at = i / (WIDTH / 4), number = i % (WIDTH / 4) * 4;
            const u32 here = key + at;
            float4 one = make_float4(0.0f, 0.0f, 0.0f, 0.0f), two = one;
            if (number < width && here >= from && here <= to) {
                const i64 place = blocks ? (i64)blocks[here / BLOCK] * BLOCK + here % BLOCK : (i64)start + here;
                one = *(const float4 *)(k + place * stride + part + number);
                two = *(const float4 *)(v + place * stride + part + number);
            }
            *(float4 *)(keys + at * STRIDE + number) = one;
            *(float4 *)(values + at * STRIDE + number) = two;
        }
        __syncthreads();
        if (!works || key > warp_to || key + KEYS <= warp_from) continue;

        float scores[KEYS / 8][4];
        #pragma unroll
        for (int n = 0; n < KEYS / 8; n++) {
            #pragma unroll
            for (int i = 0; i < 4; i++) scores[n][i] = 0.0f;
        }
        #pragma unroll
        for (int step = 0; step < WIDTH / 8; step++) {
            float whole[4], a_high[4], a_low[4];
            #pragma unroll
            for (int i = 0; i < 4; i++) {
#if KEEPS_QUERIES
                whole[i] = kept[step][i];
#else
                const int at = 8 * step + t + 4 * (i >> 1);
                whole[i] = at < width ? queries[i & 1][at] * scale : 0.0f;
#endif
                a_high[i] = high(whole[i]);
                a_low[i] = whole[i] - a_high[i];
            }
            #pragma unroll
            for (int n = 0; n < KEYS / 8; n++) {
                const float *b = keys + (8 * n + g) * STRIDE + 8 * step + t;
                multiply_whole(scores[n], a_high, a_low, b[0], b[4]);
            }
        }

        float peaks[2] = {highest[0], highest[1]};
        #pragma unroll
        for (int n = 0; n < KEYS / 8; n++) {
            #pragma unroll
            for (int i = 0; i < 4; i++) {
                const u32 here = key + 8 * n + 2 * t + (i & 1);
                float score = scores[n][i];
                if (cap > 0.0f) score = cap * tanhf(score / cap);
                if (here < first[i >> 1] || here > last[i >> 1]) score = -INFINITY;
                scores[n][i] = score;
                peaks[i >> 1] = fmaxf(peaks[i >> 1], score);
            }
        }
        float against[2], shrink[2];
        #pragma unroll
        for (int r = 0; r < 2; r++) {
            peaks[r] = of_four(peaks[r], false);
            // A row that has seen no key yet has nothing to be held against.
            against[r] = peaks[r] == -INFINITY ? 0.0f : peaks[r];
            shrink[r] = expf(highest[r] - against[r]);
            highest[r] = peaks[r];
            totals[r] *= shrink[r];
        }
        #pragma unroll
        for (int n = 0; n < WIDTH / 8; n++) {
            #pragma unroll
            for (int i = 0; i < 4; i++) sums[n][i] *= shrink[i >> 1];
        }
        // What a lane has of the scores is what it has to give as a factor, if the keys are taken in another order.
        #pragma unroll
        for (int step = 0; step < KEYS / 8; step++) {
            float whole[4], a_high[4], a_low[4];
            #pragma unroll
            for (int i = 0; i < 4; i++) {
                const float share = expf(scores[step][i] - against[i >> 1]);
                totals[i >> 1] += share;
                whole[(i & 1) * 2 + (i >> 1)] = share;
            }
            #pragma unroll
            for (int i = 0; i < 4; i++) {
                a_high[i] = high(whole[i]);
                a_low[i] = whole[i] - a_high[i];
            }
            #pragma unroll
            for (int n = 0; n < WIDTH / 8; n++) {
                const float *b = values + (8 * step + 2 * t) * STRIDE + 8 * n + g;
                multiply_whole(sums[n], a_high, a_low, b[0], b[STRIDE]);
            }
        }
    }

    #pragma unroll
    for (int r = 0; r < 2; r++) totals[r] = of_four(totals[r], true);
    #pragma unroll
    for (int i = 0; i < 4; i++) {
        const int r = i >> 1;
        if (row_of[r] >= count) continue;
        float *to_row = out + ((i64)(begin + row_of[r]) * gridDim.y + head) * width;
        #pragma unroll
        for (int n = 0; n < WIDTH / 8; n++) {
            const int number = 8 * n + 2 * t + (i & 1);
            if (number < width) to_row[number] = sums[n][i] / totals[r];
        }
    }
}
