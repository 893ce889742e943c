// SPDX-License-Identifier: Apache-2.0
// 128-bit vectors with SSSE3, as chacha20.hpp and rows.hpp want them: what each function does is
// said here once for all vector sets, and of those that Poly1305 on vectors needs, in
// vector_avx2.hpp.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/text.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

typedef std::uint32_t SseU32 __attribute__((vector_size(16)));

struct Sse : Copies {
    using U32 = SseU32;
    static constexpr std::size_t kWords = 4;  // 32-bit lanes
    static constexpr std::size_t kParts = 4;  // vectors in 64 bytes

    static WEFT_KERNEL __m128i raw(U32 value) { return reinterpret_cast<__m128i>(value); }

    static WEFT_KERNEL U32 all32(std::uint32_t v) { return U32{v, v, v, v}; }
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
};

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
