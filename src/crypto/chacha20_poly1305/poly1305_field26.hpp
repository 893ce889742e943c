// SPDX-License-Identifier: Apache-2.0
// Arithmetic of Poly1305 (RFC 8439, 2.5) modulo 2^130 - 5 in five limbs of 26 bits, one number per
// 64-bit lane of a vector: for multipliers of 32 x 32 bits. V is one of vector_*.hpp.
//
// Bounds: a carried limb is below 2^26 + 2^11 and a block's below 2^26, so a factor is below
// 2^27.1; five times a limb of r is below 2^28.4; twenty products sum to less than 2^60.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/text.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

template <class V>
struct Field26 {
    using U64 = typename V::U64;
    static constexpr std::size_t kLimbs = 5;
    static constexpr std::uint64_t kMask = (1U << 26) - 1;
    static constexpr std::uint64_t kAbove128 = 1U << 24;  // 2^128 in the highest limb

    struct Number {
        U64 limb[kLimbs];
    };
    /// A number ready to be multiplied by: its limbs, and five times those.
    struct Factor {
        typename V::Half limb[kLimbs];
        typename V::Half times5[kLimbs];
    };

    /// The 128 bits of `low` and `high` plus `top`, which goes to the highest limb.
    static WEFT_KERNEL Number split(U64 low, U64 high, U64 top) {
        const U64 mask = V::all64(kMask);
        return {{low & mask,
                 V::template right<26>(low) & mask,
                 (V::template right<52>(low) | V::template left<12>(high)) & mask,
                 V::template right<14>(high) & mask,
                 V::template right<40>(high) | top}};
    }

    static WEFT_KERNEL Factor factor(const Number& number) {
        Factor factor;
        WEFT_UNROLL
        for (std::size_t i = 0; i < kLimbs; ++i) {
            factor.limb[i] = V::narrow(number.limb[i]);
            factor.times5[i] = V::narrow(number.limb[i] + V::template left<2>(number.limb[i]));
        }
        return factor;
    }

    static WEFT_KERNEL Number sum(const Number& a, const Number& b) {
        return {{a.limb[0] + b.limb[0],
                 a.limb[1] + b.limb[1],
                 a.limb[2] + b.limb[2],
                 a.limb[3] + b.limb[3],
                 a.limb[4] + b.limb[4]}};
    }

    /// a * r, not carried.
    static WEFT_KERNEL Number product(const Number& a, const Factor& r) {
        Number sums{};
        return add_product(sums, a, r);
    }

    /// sums + a * r, not carried.
    static WEFT_KERNEL Number add_product(Number sums, const Number& a, const Factor& r) {
        WEFT_UNROLL
        for (std::size_t i = 0; i < kLimbs; ++i) {
            const auto limb = V::narrow(a.limb[i]);
            WEFT_UNROLL
            for (std::size_t j = 0; j < kLimbs; ++j) {
                const std::size_t k = (i + j) % kLimbs;
                const auto other = i + j < kLimbs ? r.limb[j] : r.times5[j];
                sums.limb[k] = V::multiply_add(sums.limb[k], limb, other);
            }
        }
        return sums;
    }

    /// Two chains of carries at once, from limbs 0 and 3.
    static WEFT_KERNEL Number carry(Number n) {
        const U64 mask = V::all64(kMask);
        n.limb[1] += V::template right<26>(n.limb[0]);
        n.limb[4] += V::template right<26>(n.limb[3]);
        n.limb[0] &= mask;
        n.limb[3] &= mask;
        const U64 top = V::template right<26>(n.limb[4]);
        n.limb[2] += V::template right<26>(n.limb[1]);
        n.limb[4] &= mask;
        n.limb[1] &= mask;
        n.limb[0] += top + V::template left<2>(top);
        n.limb[3] += V::template right<26>(n.limb[2]);
        n.limb[2] &= mask;
        n.limb[1] += V::template right<26>(n.limb[0]);
        n.limb[0] &= mask;
        n.limb[4] += V::template right<26>(n.limb[3]);
        n.limb[3] &= mask;
        return n;
    }

    /// The number modulo 2^130 - 5, and of that the low 128 bits.
    static WEFT_KERNEL void reduce(Number n, U64& low, U64& high) {
        const U64 mask = V::all64(kMask);
        WEFT_UNROLL
        for (std::size_t round = 0; round < 2; ++round) {
            WEFT_UNROLL
            for (std::size_t i = 0; i + 1 < kLimbs; ++i) {
                n.limb[i + 1] += V::template right<26>(n.limb[i]);
                n.limb[i] &= mask;
            }
            const U64 top = V::template right<26>(n.limb[4]);
            n.limb[4] &= mask;
            n.limb[0] += top + V::template left<2>(top);
        }
        n.limb[1] += V::template right<26>(n.limb[0]);
        n.limb[0] &= mask;
        // n + 5 reaches 2^130 exactly if n is not below the modulus.
        Number more = n;
        more.limb[0] += V::all64(5);
        WEFT_UNROLL
        for (std::size_t i = 0; i + 1 < kLimbs; ++i) {
            more.limb[i + 1] += V::template right<26>(more.limb[i]);
            more.limb[i] &= mask;
        }
        const U64 take = V::all64(0) - V::template right<26>(more.limb[4]);
        WEFT_UNROLL
        for (std::size_t i = 0; i < kLimbs; ++i) {
            n.limb[i] ^= (n.limb[i] ^ (more.limb[i] & mask)) & take;
        }
        low = n.limb[0] | V::template left<26>(n.limb[1]) | V::template left<52>(n.limb[2]);
        high = V::template right<12>(n.limb[2]) | V::template left<14>(n.limb[3]) |
               V::template left<40>(n.limb[4]);
    }
};

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
