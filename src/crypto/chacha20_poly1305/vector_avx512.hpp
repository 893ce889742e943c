// SPDX-License-Identifier: Apache-2.0
// 512-bit vectors with AVX-512 F, BW, DQ and VL, as row.hpp wants them too; what each
// function does is said here, in vector_avx2.hpp or in vector_sse.hpp.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/vector_avx2.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

typedef std::uint32_t ZmmU32 __attribute__((vector_size(64)));
typedef std::uint64_t ZmmU64 __attribute__((vector_size(64)));

struct Avx512 {
    using U32 = ZmmU32;
    using U64 = ZmmU64;
    using Half = U64;
    static constexpr std::size_t kWords = 16;
    static constexpr std::size_t kLanes = 8;
    static constexpr bool kHasRegistersForTurns = true;
    static constexpr std::size_t kParts = 1;

    static WEFT_KERNEL U64 as64(U32 value) { return reinterpret_cast<U64>(value); }
    static WEFT_KERNEL U32 as32(U64 value) { return reinterpret_cast<U32>(value); }
    static WEFT_KERNEL __m512i raw(U32 value) { return reinterpret_cast<__m512i>(value); }
    static WEFT_KERNEL __m512i raw(U64 value) { return reinterpret_cast<__m512i>(value); }
    static WEFT_KERNEL U32 u32(__m512i value) { return reinterpret_cast<U32>(value); }
    static WEFT_KERNEL U64 u64(__m512i value) { return reinterpret_cast<U64>(value); }

    static WEFT_KERNEL U32 all32(std::uint32_t v) {
        return u32(_mm512_set1_epi32(static_cast<int>(v)));
    }
    static WEFT_KERNEL U64 all64(std::uint64_t v) {
        return u64(_mm512_set1_epi64(static_cast<long long>(v)));
    }
    static WEFT_KERNEL U32 count32() {
        return U32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    }

    static WEFT_KERNEL U32 load(const std::uint8_t* from) { return u32(_mm512_loadu_si512(from)); }
    static WEFT_KERNEL void store(std::uint8_t* to, U32 value) {
        _mm512_storeu_si512(to, raw(value));
    }
    static WEFT_KERNEL U64 load64(const std::uint64_t* from) {
        return u64(_mm512_load_si512(from));
    }
    static WEFT_KERNEL void store64(std::uint64_t* to, U64 value) {
        _mm512_store_si512(to, raw(value));
    }

    static WEFT_KERNEL __mmask64 first(std::size_t size) {
        return size >= 64 ? ~__mmask64{0} : (__mmask64{1} << size) - 1;
    }
    static WEFT_KERNEL void gather(std::uint8_t* to, const Stretch& stretch) {
        const __mmask64 head = first(stretch.head_size);
        const __mmask64 both = first(stretch.head_size + stretch.payload_size);
        // Lanes that are masked out are not read, wherever they point.
        const std::uint8_t* const payload = stretch.payload - stretch.head_size;
        const __m512i value = _mm512_maskz_loadu_epi8(head, stretch.head);
        _mm512_storeu_si512(to, _mm512_mask_loadu_epi8(value, both & ~head, payload));
    }
    static WEFT_KERNEL void scatter(std::uint8_t* to, std::uint8_t* from, std::size_t size) {
        const __m512i value = _mm512_maskz_mov_epi8(first(size), _mm512_loadu_si512(from));
        _mm512_mask_storeu_epi8(to, first(size), value);
        _mm512_storeu_si512(from, value);
    }

    template <int kBy>
    static WEFT_KERNEL U32 rotate(U32 value) {
        return u32(_mm512_rol_epi32(raw(value), kBy));
    }

    template <int kBy>
    static WEFT_KERNEL U64 left(U64 value) {
        return value << kBy;
    }
    template <int kBy>
    static WEFT_KERNEL U64 right(U64 value) {
        return value >> kBy;
    }

    static WEFT_KERNEL Half narrow(U64 value) { return value; }
    static WEFT_KERNEL U64 multiply_add(U64 sum, Half a, Half b) {
        return sum + u64(_mm512_mul_epu32(raw(a), raw(b)));
    }
    static WEFT_KERNEL std::uint64_t sum_lanes(U64 value) {
        return static_cast<std::uint64_t>(_mm512_reduce_add_epi64(raw(value)));
    }

    /// The 128-bit parts of a to d, rows to columns.
    static WEFT_KERNEL void transpose_quarters(
        __m512i a, __m512i b, __m512i c, __m512i d, __m512i* to) {
        const __m512i ab_low = _mm512_shuffle_i32x4(a, b, 0x44);
        const __m512i ab_high = _mm512_shuffle_i32x4(a, b, 0xee);
        const __m512i cd_low = _mm512_shuffle_i32x4(c, d, 0x44);
        const __m512i cd_high = _mm512_shuffle_i32x4(c, d, 0xee);
        to[0] = _mm512_shuffle_i32x4(ab_low, cd_low, 0x88);
        to[1] = _mm512_shuffle_i32x4(ab_low, cd_low, 0xdd);
        to[2] = _mm512_shuffle_i32x4(ab_high, cd_high, 0x88);
        to[3] = _mm512_shuffle_i32x4(ab_high, cd_high, 0xdd);
    }

    static WEFT_KERNEL void transpose_words(U32* x) {
        __m512i fours[4][4];  // words 4g to 4g + 3 of blocks i, i + 4, i + 8 and i + 12
        WEFT_UNROLL
        for (std::size_t g = 0; g < 4; ++g) {
            const U32* const from = x + 4 * g;
            const __m512i ab_low = _mm512_unpacklo_epi32(raw(from[0]), raw(from[1]));
            const __m512i ab_high = _mm512_unpackhi_epi32(raw(from[0]), raw(from[1]));
            const __m512i cd_low = _mm512_unpacklo_epi32(raw(from[2]), raw(from[3]));
            const __m512i cd_high = _mm512_unpackhi_epi32(raw(from[2]), raw(from[3]));
            fours[g][0] = _mm512_unpacklo_epi64(ab_low, cd_low);
            fours[g][1] = _mm512_unpackhi_epi64(ab_low, cd_low);
            fours[g][2] = _mm512_unpacklo_epi64(ab_high, cd_high);
            fours[g][3] = _mm512_unpackhi_epi64(ab_high, cd_high);
        }
        WEFT_UNROLL
        for (std::size_t i = 0; i < 4; ++i) {
            __m512i blocks[4];
            transpose_quarters(fours[0][i], fours[1][i], fours[2][i], fours[3][i], blocks);
            WEFT_UNROLL
            for (std::size_t k = 0; k < 4; ++k) {
                x[4 * k + i] = u32(blocks[k]);
            }
        }
    }

    static WEFT_KERNEL void transpose_lanes(U64* x) {
        __m512i even[4];
        __m512i odd[4];
        WEFT_UNROLL
        for (std::size_t i = 0; i < 4; ++i) {
            even[i] = _mm512_unpacklo_epi64(raw(x[2 * i]), raw(x[2 * i + 1]));
            odd[i] = _mm512_unpackhi_epi64(raw(x[2 * i]), raw(x[2 * i + 1]));
        }
        __m512i columns[8];
        transpose_quarters(even[0], even[1], even[2], even[3], columns);
        transpose_quarters(odd[0], odd[1], odd[2], odd[3], columns + 4);
        WEFT_UNROLL
        for (std::size_t k = 0; k < 4; ++k) {
            x[2 * k] = u64(columns[k]);
            x[2 * k + 1] = u64(columns[4 + k]);
        }
    }

    /// The 64-bit words of a and b, in turns: even ones to `low`, odd ones to `high`.
    static WEFT_KERNEL void split_pair(U64 a, U64 b, U64& low, U64& high) {
        low = u64(_mm512_unpacklo_epi64(raw(a), raw(b)));
        high = u64(_mm512_unpackhi_epi64(raw(a), raw(b)));
    }
};

/// Eight blocks instead of sixteen: three ports of the CPU take them, two the longer vectors.
struct Avx512Narrow : Avx2 {
    template <int kBy>
    static WEFT_KERNEL U32 rotate(U32 value) {
        return reinterpret_cast<U32>(_mm256_rol_epi32(raw(value), kBy));
    }
};

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
