// SPDX-License-Identifier: Apache-2.0
// 128-bit vectors with SSSE3, for chacha20.hpp, column.hpp and row.hpp. What each function does is
// said here once for all vector sets.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/text.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

typedef std::uint32_t SseU32 __attribute__((vector_size(16)));
typedef std::uint64_t SseU64 __attribute__((vector_size(16)));

struct Sse : Copies {
    using U32 = SseU32;
    using U64 = SseU64;
    using Half = U64;                         // what a number's limb is as a factor
    static constexpr std::size_t kWords = 4;  // 32-bit lanes
    static constexpr std::size_t kLanes = 2;  // 64-bit lanes
    static constexpr std::size_t kParts = 4;  // vectors in 64 bytes

    static WEFT_KERNEL U64 as64(U32 value) { return reinterpret_cast<U64>(value); }
    static WEFT_KERNEL U32 as32(U64 value) { return reinterpret_cast<U32>(value); }
    static WEFT_KERNEL __m128i raw(U32 value) { return reinterpret_cast<__m128i>(value); }
    static WEFT_KERNEL __m128i raw(U64 value) { return reinterpret_cast<__m128i>(value); }

    static WEFT_KERNEL U32 all32(std::uint32_t v) { return U32{v, v, v, v}; }
    static WEFT_KERNEL U64 all64(std::uint64_t v) { return U64{v, v}; }
    /// 0, 1, 2, ...
    static WEFT_KERNEL U32 count32() { return U32{0, 1, 2, 3}; }

    static WEFT_KERNEL U32 load(const std::uint8_t* from) {
        return reinterpret_cast<U32>(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    }
    static WEFT_KERNEL void store(std::uint8_t* to, U32 value) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), raw(value));
    }
    /// One number per lane; aligned.
    static WEFT_KERNEL U32 load32(const std::uint32_t* from) {
        return reinterpret_cast<U32>(_mm_load_si128(reinterpret_cast<const __m128i*>(from)));
    }
    static WEFT_KERNEL U64 load64(const std::uint64_t* from) {
        return reinterpret_cast<U64>(_mm_load_si128(reinterpret_cast<const __m128i*>(from)));
    }
    static WEFT_KERNEL void store64(std::uint64_t* to, U64 value) {
        _mm_store_si128(reinterpret_cast<__m128i*>(to), raw(value));
    }

    /// Each 32-bit lane to the left.
    template <int kBy>
    static WEFT_KERNEL U32 rotate(U32 value) {
        if constexpr (kBy == 16) {
            const __m128i order =
                _mm_set_epi8(13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2);
            return reinterpret_cast<U32>(_mm_shuffle_epi8(raw(value), order));
        } else if constexpr (kBy == 8) {
            const __m128i order =
                _mm_set_epi8(14, 13, 12, 15, 10, 9, 8, 11, 6, 5, 4, 7, 2, 1, 0, 3);
            return reinterpret_cast<U32>(_mm_shuffle_epi8(raw(value), order));
        } else {
            return (value << kBy) | (value >> (32 - kBy));
        }
    }

    /// Each 64-bit lane.
    template <int kBy>
    static WEFT_KERNEL U64 left(U64 value) {
        return value << kBy;
    }
    template <int kBy>
    static WEFT_KERNEL U64 right(U64 value) {
        return value >> kBy;
    }

    /// From the limbs of numbers to factors.
    static WEFT_KERNEL Half narrow(U64 value) { return value; }
    /// sum + a * b, of the low 32 bits of each 64-bit lane of a and b.
    static WEFT_KERNEL U64 multiply_add(U64 sum, Half a, Half b) {
        return sum + reinterpret_cast<U64>(_mm_mul_epu32(raw(a), raw(b)));
    }
    static WEFT_KERNEL std::uint64_t sum_lanes(U64 value) { return value[0] + value[1]; }

    /// x[i]: word i of every block; after it x[l * kParts + q]: part q of block l.
    static WEFT_KERNEL void transpose_words(U32* x) {
        U32 y[16];
        WEFT_UNROLL
        for (std::size_t q = 0; q < 4; ++q) {
            const __m128i a = raw(x[4 * q]);
            const __m128i b = raw(x[4 * q + 1]);
            const __m128i c = raw(x[4 * q + 2]);
            const __m128i d = raw(x[4 * q + 3]);
            const __m128i ab_low = _mm_unpacklo_epi32(a, b);
            const __m128i ab_high = _mm_unpackhi_epi32(a, b);
            const __m128i cd_low = _mm_unpacklo_epi32(c, d);
            const __m128i cd_high = _mm_unpackhi_epi32(c, d);
            y[q] = reinterpret_cast<U32>(_mm_unpacklo_epi64(ab_low, cd_low));
            y[4 + q] = reinterpret_cast<U32>(_mm_unpackhi_epi64(ab_low, cd_low));
            y[8 + q] = reinterpret_cast<U32>(_mm_unpacklo_epi64(ab_high, cd_high));
            y[12 + q] = reinterpret_cast<U32>(_mm_unpackhi_epi64(ab_high, cd_high));
        }
        WEFT_UNROLL
        for (std::size_t i = 0; i < 16; ++i) {
            x[i] = y[i];
        }
    }

    /// Rows to columns: x[p] is 64-bit words of message p; after it lane p of x[i] is its word i.
    static WEFT_KERNEL void transpose_lanes(U64* x) {
        const U64 low = reinterpret_cast<U64>(_mm_unpacklo_epi64(raw(x[0]), raw(x[1])));
        x[1] = reinterpret_cast<U64>(_mm_unpackhi_epi64(raw(x[0]), raw(x[1])));
        x[0] = low;
    }

    /// The 64-bit words of a and b, in turns: even ones to `low`, odd ones to `high`.
    static WEFT_KERNEL void split_pair(U64 a, U64 b, U64& low, U64& high) {
        low = reinterpret_cast<U64>(_mm_unpacklo_epi64(raw(a), raw(b)));
        high = reinterpret_cast<U64>(_mm_unpackhi_epi64(raw(a), raw(b)));
    }
};

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
