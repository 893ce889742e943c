// SPDX-License-Identifier: Apache-2.0
// 256-bit vectors with AVX2, as column.hpp wants them too; what each function does is said here or
// in vector_sse.hpp.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/text.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

typedef std::uint32_t AvxU32 __attribute__((vector_size(32)));
typedef std::uint64_t AvxU64 __attribute__((vector_size(32)));

struct Avx2 : Copies {
    using U32 = AvxU32;
    using U64 = AvxU64;
    using Half = U64;  // what a number's limb is as a factor
    static constexpr std::size_t kWords = 8;
    static constexpr std::size_t kLanes = 4;              // 64-bit lanes
    static constexpr bool kHasRegistersForTurns = false;  // ColumnTurns
    static constexpr std::size_t kParts = 2;

    static WEFT_KERNEL U64 as64(U32 value) { return reinterpret_cast<U64>(value); }
    static WEFT_KERNEL U32 as32(U64 value) { return reinterpret_cast<U32>(value); }
    static WEFT_KERNEL __m256i raw(U32 value) { return reinterpret_cast<__m256i>(value); }
    static WEFT_KERNEL __m256i raw(U64 value) { return reinterpret_cast<__m256i>(value); }

    static WEFT_KERNEL U32 all32(std::uint32_t v) { return U32{v, v, v, v, v, v, v, v}; }
    static WEFT_KERNEL U64 all64(std::uint64_t v) { return U64{v, v, v, v}; }
    static WEFT_KERNEL U32 count32() { return U32{0, 1, 2, 3, 4, 5, 6, 7}; }

    static WEFT_KERNEL U32 load(const std::uint8_t* from) {
        return reinterpret_cast<U32>(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
    }
    static WEFT_KERNEL void store(std::uint8_t* to, U32 value) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), raw(value));
    }
    static WEFT_KERNEL U32 load32(const std::uint32_t* from) {
        return reinterpret_cast<U32>(_mm256_load_si256(reinterpret_cast<const __m256i*>(from)));
    }
    static WEFT_KERNEL U64 load64(const std::uint64_t* from) {
        return reinterpret_cast<U64>(_mm256_load_si256(reinterpret_cast<const __m256i*>(from)));
    }
    static WEFT_KERNEL void store64(std::uint64_t* to, U64 value) {
        _mm256_store_si256(reinterpret_cast<__m256i*>(to), raw(value));
    }

    template <int kBy>
    static WEFT_KERNEL U32 rotate(U32 value) {
        if constexpr (kBy == 16) {
            const __m256i order = _mm256_broadcastsi128_si256(
                _mm_set_epi8(13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2));
            return reinterpret_cast<U32>(_mm256_shuffle_epi8(raw(value), order));
        } else if constexpr (kBy == 8) {
            const __m256i order = _mm256_broadcastsi128_si256(
                _mm_set_epi8(14, 13, 12, 15, 10, 9, 8, 11, 6, 5, 4, 7, 2, 1, 0, 3));
            return reinterpret_cast<U32>(_mm256_shuffle_epi8(raw(value), order));
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
        return sum + reinterpret_cast<U64>(_mm256_mul_epu32(raw(a), raw(b)));
    }

    static WEFT_KERNEL void transpose_words(U32* x) {
        U32 y[16];
        WEFT_UNROLL
        for (std::size_t q = 0; q < 2; ++q) {
            __m256i fours[2][4];  // words 4g to 4g + 3 of blocks i and i + 4
            WEFT_UNROLL
            for (std::size_t g = 0; g < 2; ++g) {
                const U32* const from = x + 8 * q + 4 * g;
                const __m256i ab_low = _mm256_unpacklo_epi32(raw(from[0]), raw(from[1]));
                const __m256i ab_high = _mm256_unpackhi_epi32(raw(from[0]), raw(from[1]));
                const __m256i cd_low = _mm256_unpacklo_epi32(raw(from[2]), raw(from[3]));
                const __m256i cd_high = _mm256_unpackhi_epi32(raw(from[2]), raw(from[3]));
                fours[g][0] = _mm256_unpacklo_epi64(ab_low, cd_low);
                fours[g][1] = _mm256_unpackhi_epi64(ab_low, cd_low);
                fours[g][2] = _mm256_unpacklo_epi64(ab_high, cd_high);
                fours[g][3] = _mm256_unpackhi_epi64(ab_high, cd_high);
            }
            WEFT_UNROLL
            for (std::size_t i = 0; i < 4; ++i) {
                y[2 * i + q] = reinterpret_cast<U32>(
                    _mm256_permute2x128_si256(fours[0][i], fours[1][i], 0x20));
                y[2 * (i + 4) + q] = reinterpret_cast<U32>(
                    _mm256_permute2x128_si256(fours[0][i], fours[1][i], 0x31));
            }
        }
        WEFT_UNROLL
        for (std::size_t i = 0; i < 16; ++i) {
            x[i] = y[i];
        }
    }

    /// Rows to columns: x[p] is 64-bit words of message p; after it lane p of x[i] is its word i.
    static WEFT_KERNEL void transpose_lanes(U64* x) {
        const __m256i even01 = _mm256_unpacklo_epi64(raw(x[0]), raw(x[1]));
        const __m256i odd01 = _mm256_unpackhi_epi64(raw(x[0]), raw(x[1]));
        const __m256i even23 = _mm256_unpacklo_epi64(raw(x[2]), raw(x[3]));
        const __m256i odd23 = _mm256_unpackhi_epi64(raw(x[2]), raw(x[3]));
        x[0] = reinterpret_cast<U64>(_mm256_permute2x128_si256(even01, even23, 0x20));
        x[1] = reinterpret_cast<U64>(_mm256_permute2x128_si256(odd01, odd23, 0x20));
        x[2] = reinterpret_cast<U64>(_mm256_permute2x128_si256(even01, even23, 0x31));
        x[3] = reinterpret_cast<U64>(_mm256_permute2x128_si256(odd01, odd23, 0x31));
    }
};

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
