// SPDX-License-Identifier: Apache-2.0
// 128-bit vectors with NEON, 32- and 64-bit Arm; what each function does: vector_sse.hpp,
// vector_avx2.hpp.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/text.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

struct Neon : Copies {
    using U32 = uint32x4_t;
    using U64 = uint64x2_t;
    using Half = uint32x2_t;
    static constexpr std::size_t kWords = 4;
    static constexpr std::size_t kLanes = 2;
    static constexpr bool kHasRegistersForTurns = false;
    static constexpr std::size_t kParts = 4;

    static WEFT_KERNEL U64 as64(U32 value) { return vreinterpretq_u64_u32(value); }
    static WEFT_KERNEL U32 as32(U64 value) { return vreinterpretq_u32_u64(value); }

    static WEFT_KERNEL U32 all32(std::uint32_t v) { return vdupq_n_u32(v); }
    static WEFT_KERNEL U64 all64(std::uint64_t v) { return vdupq_n_u64(v); }
    static WEFT_KERNEL U32 count32() { return U32{0, 1, 2, 3}; }

    static WEFT_KERNEL U32 load(const std::uint8_t* from) {
        return vreinterpretq_u32_u8(vld1q_u8(from));
    }
    static WEFT_KERNEL void store(std::uint8_t* to, U32 value) {
        vst1q_u8(to, vreinterpretq_u8_u32(value));
    }
    static WEFT_KERNEL U32 load32(const std::uint32_t* from) { return vld1q_u32(from); }
    static WEFT_KERNEL U64 load64(const std::uint64_t* from) { return vld1q_u64(from); }
    static WEFT_KERNEL void store64(std::uint64_t* to, U64 value) { vst1q_u64(to, value); }

    template <int kBy>
    static WEFT_KERNEL U32 rotate(U32 value) {
        if constexpr (kBy == 16) {
            return vreinterpretq_u32_u16(vrev32q_u16(vreinterpretq_u16_u32(value)));
        }
#if defined(__aarch64__)
        if constexpr (kBy == 8) {
            const uint8x16_t order = {3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14};
            return vreinterpretq_u32_u8(vqtbl1q_u8(vreinterpretq_u8_u32(value), order));
        }
#endif
        return vsriq_n_u32(vshlq_n_u32(value, kBy), value, 32 - kBy);
    }

    // GCC 12 makes scalar code of operators here on 32-bit Arm.
    template <int kBy>
    static WEFT_KERNEL U64 left(U64 value) {
        return vshlq_n_u64(value, kBy);
    }
    template <int kBy>
    static WEFT_KERNEL U64 right(U64 value) {
        return vshrq_n_u64(value, kBy);
    }

    static WEFT_KERNEL Half narrow(U64 value) {
        return vmovn_u64(value);
    }
    static WEFT_KERNEL U64 multiply_add(U64 sum, Half a, Half b) {
        return vmlal_u32(sum, a, b);
    }
    static WEFT_KERNEL std::uint64_t sum_lanes(U64 value) {
        return vgetq_lane_u64(value, 0) + vgetq_lane_u64(value, 1);
    }

    /// The low (high) halves of a and b.
    static WEFT_KERNEL U64 lows(U64 a, U64 b) {
#if defined(__aarch64__)
        return vzip1q_u64(a, b);
#else
        return vcombine_u64(vget_low_u64(a), vget_low_u64(b));
#endif
    }
    static WEFT_KERNEL U64 highs(U64 a, U64 b) {
#if defined(__aarch64__)
        return vzip2q_u64(a, b);
#else
        return vcombine_u64(vget_high_u64(a), vget_high_u64(b));
#endif
    }

    static WEFT_KERNEL void transpose_words(U32* x) {
        U32 y[16];
        WEFT_UNROLL
        for (std::size_t q = 0; q < 4; ++q) {
            const uint32x4x2_t ab = vtrnq_u32(x[4 * q], x[4 * q + 1]);
            const uint32x4x2_t cd = vtrnq_u32(x[4 * q + 2], x[4 * q + 3]);
            y[q] = as32(lows(as64(ab.val[0]), as64(cd.val[0])));
            y[4 + q] = as32(lows(as64(ab.val[1]), as64(cd.val[1])));
            y[8 + q] = as32(highs(as64(ab.val[0]), as64(cd.val[0])));
            y[12 + q] = as32(highs(as64(ab.val[1]), as64(cd.val[1])));
        }
        WEFT_UNROLL
        for (std::size_t i = 0; i < 16; ++i) {
            x[i] = y[i];
        }
    }

    static WEFT_KERNEL void transpose_lanes(U64* x) {
        const U64 low = lows(x[0], x[1]);
        x[1] = highs(x[0], x[1]);
        x[0] = low;
    }
};

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
