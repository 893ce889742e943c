// SPDX-License-Identifier: Apache-2.0
// Arithmetic of Poly1305 (RFC 8439, 2.5) modulo 2^130 - 5 in limbs of 44, 44 and 42 bits, one
// number per 64-bit lane: for multipliers of 52 x 52 bits that give the low and the high half of a
// product apart (AVX-512 IFMA). V is vector_avx512.hpp's.
//
// 2^132 is 20 modulo 2^130 - 5, so a product that leaves the top comes back 20-fold. A high half
// weighs 2^52 of its limb, which is 2^8 of the next. Bounds: factors below 2^45.1 and 2^48.4;
// twelve low halves sum to less than 2^55.6, twelve high halves to less than 2^45.2.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/text.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

template <class V>
struct Field44 {
    using U64 = typename V::U64;
    static constexpr std::size_t kLimbs = 3;
    static constexpr std::uint64_t kMask44 = (std::uint64_t{1} << 44) - 1;
    static constexpr std::uint64_t kMask42 = (std::uint64_t{1} << 42) - 1;
    static constexpr std::uint64_t kAbove128 = std::uint64_t{1} << 40;  // 2^128 in the highest limb

    struct Number {
        U64 limb[kLimbs];
    };
    /// A number ready to be multiplied by: its limbs, and twenty times those.
    struct Factor {
        U64 limb[kLimbs];
        U64 times20[kLimbs];
    };
    /// A sum of products, low and high halves apart.
    struct Sums {
        U64 low[kLimbs];
        U64 high[kLimbs];
    };

    /// The 128 bits of `low` and `high` plus `top`, which goes to the highest limb.
    static WEFT_KERNEL Number split(U64 low, U64 high, U64 top) {
        const U64 mask = V::all64(kMask44);
        return {{low & mask,
                 (V::template right<44>(low) | V::template left<20>(high)) & mask,
                 V::template right<24>(high) | top}};
    }

    static WEFT_KERNEL Factor factor(const Number& number) {
        Factor factor;
        WEFT_UNROLL
        for (std::size_t i = 0; i < kLimbs; ++i) {
            factor.limb[i] = number.limb[i];
            factor.times20[i] =
                V::template left<4>(number.limb[i]) + V::template left<2>(number.limb[i]);
        }
        return factor;
    }

    static WEFT_KERNEL Number sum(const Number& a, const Number& b) {
        return {{a.limb[0] + b.limb[0], a.limb[1] + b.limb[1], a.limb[2] + b.limb[2]}};
    }

    static WEFT_KERNEL Sums product(const Number& a, const Factor& r) {
        const Sums sums{};
        return add_product(sums, a, r);
    }

    static WEFT_KERNEL Sums add_product(Sums sums, const Number& a, const Factor& r) {
        WEFT_UNROLL
        for (std::size_t i = 0; i < kLimbs; ++i) {
            WEFT_UNROLL
            for (std::size_t j = 0; j < kLimbs; ++j) {
                const std::size_t k = (i + j) % kLimbs;
                const U64 other = i + j < kLimbs ? r.limb[j] : r.times20[j];
                sums.low[k] = V::multiply_add_low(sums.low[k], a.limb[i], other);
                sums.high[k] = V::multiply_add_high(sums.high[k], a.limb[i], other);
            }
        }
        return sums;
    }

    static WEFT_KERNEL Number carry(const Sums& s) {
        const U64 mask44 = V::all64(kMask44);
        const U64 mask42 = V::all64(kMask42);
        Number n;
        const U64 sum1 =
            s.low[1] + V::template left<8>(s.high[0]) + V::template right<44>(s.low[0]);
        const U64 sum2 = s.low[2] + V::template left<8>(s.high[1]) + V::template right<44>(sum1);
        // 2^130 is 5: what leaves limb 2, and its high half, 2^10 of that each.
        const U64 top = V::template right<42>(sum2) + V::template left<10>(s.high[2]);
        n.limb[0] = (s.low[0] & mask44) + top + V::template left<2>(top);
        n.limb[1] = (sum1 & mask44) + V::template right<44>(n.limb[0]);
        n.limb[0] &= mask44;
        n.limb[2] = sum2 & mask42;
        return n;
    }

    /// The number modulo 2^130 - 5, and of that the low 128 bits.
    static WEFT_KERNEL void reduce(Number n, U64& low, U64& high) {
        const U64 mask44 = V::all64(kMask44);
        const U64 mask42 = V::all64(kMask42);
        WEFT_UNROLL
        for (std::size_t round = 0; round < 2; ++round) {
            n.limb[1] += V::template right<44>(n.limb[0]);
            n.limb[0] &= mask44;
            n.limb[2] += V::template right<44>(n.limb[1]);
            n.limb[1] &= mask44;
            const U64 top = V::template right<42>(n.limb[2]);
            n.limb[2] &= mask42;
            n.limb[0] += top + V::template left<2>(top);
        }
        n.limb[1] += V::template right<44>(n.limb[0]);
        n.limb[0] &= mask44;
        // n + 5 reaches 2^130 exactly if n is not below the modulus.
        Number more = n;
        more.limb[0] += V::all64(5);
        more.limb[1] += V::template right<44>(more.limb[0]);
        more.limb[2] += V::template right<44>(more.limb[1]);
        const U64 take = V::all64(0) - V::template right<42>(more.limb[2]);
        n.limb[0] ^= (n.limb[0] ^ (more.limb[0] & mask44)) & take;
        n.limb[1] ^= (n.limb[1] ^ (more.limb[1] & mask44)) & take;
        n.limb[2] ^= (n.limb[2] ^ (more.limb[2] & mask42)) & take;
        low = n.limb[0] | V::template left<44>(n.limb[1]);
        high = V::template right<20>(n.limb[1]) | V::template left<24>(n.limb[2]);
    }
};

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
