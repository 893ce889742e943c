// SPDX-License-Identifier: Apache-2.0
// Poly1305 (RFC 8439, 2.5) of a whole message with NEON, for processors whose integer units have no
// 64-bit products (32-bit Arm). Four blocks a step, word by word in the lanes of four vectors, in
// five limbs of 26 bits. Even blocks go to one sum and odd blocks to another:
//
//   h = (h * r^4) + (m0, m1) * r^2 + (m2, m3)        at the end: h[0] * r^2 + h[1] * r
//
// The stream of blocks is made a multiple of four by leading zeros, which leave h zero; so its last
// four are always the message's end and the lengths. Branches on lengths only. Bounds: as in
// poly1305_field26.hpp, whose numbers these are; ten products and a block sum to less than 2^58.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/poly1305.hpp"
#include "chacha20_poly1305/poly1305_field26.hpp"
#include "chacha20_poly1305/vector_neon.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

class Poly1305Neon {
    using Field = Field26<Neon>;
    using Number = Field::Number;
    using U64 = Neon::U64;

  public:
    static constexpr bool kTakesTurns = false;

    /// `key` is the one-time key; `text` the ciphertext, or where it will be.
    WEFT_KERNEL Poly1305Neon(const std::uint8_t* key, const std::uint8_t* text)
        : key_(key), text_(text) {}

    WEFT_KERNEL void poll() const {}

    WEFT_FRAME void finish(std::size_t size, std::uint8_t* tag) const {
        std::uint64_t r[2];
        std::memcpy(r, key_, sizeof r);
        const Number power1 = clamped<Neon, Field>(Neon::all64(r[0]), Neon::all64(r[1]));
        const Number power2 = Field::carry(Field::product(power1, Field::factor(power1)));
        const Number power4 = Field::carry(Field::product(power2, Field::factor(power2)));
        Number h = sum_of_blocks(size, Scalars{power4}, Scalars{power2});
        Number each;  // r^2 for the even blocks, r for the odd ones
        WEFT_UNROLL
        for (std::size_t i = 0; i < Field::kLimbs; ++i) {
            each.limb[i] = vsetq_lane_u64(vgetq_lane_u64(power1.limb[i], 0), power2.limb[i], 1);
        }
        h = Field::carry(Field::product(h, Field::factor(each)));
        for (U64& limb : h.limb) {
            limb = Neon::all64(Neon::sum_lanes(limb));
        }
        U64 low;
        U64 high;
        Field::reduce(h, low, high);
        U64 pad[4];
        WEFT_UNROLL
        for (std::size_t i = 0; i < 4; ++i) {
            std::uint32_t word = 0;
            std::memcpy(&word, key_ + 16 + 4 * i, sizeof word);
            pad[i] = Neon::all64(word);
        }
        add_pad<Neon>(pad, low, high);
        vst1q_u8(tag, vreinterpretq_u8_u64(vcombine_u64(vget_low_u64(low), vget_low_u64(high))));
    }

  private:
    static constexpr std::size_t kStep = 64;

    /// A factor for all lanes: limbs 0 to 4, then five times limbs 1 to 4.
    struct Scalars {
        uint32x2_t pair[5];

        explicit WEFT_KERNEL Scalars(const Number& number) {
            const Field::Factor f = Field::factor(number);
            pair[0] = vzip_u32(f.limb[0], f.limb[1]).val[0];
            pair[1] = vzip_u32(f.limb[2], f.limb[3]).val[0];
            pair[2] = vzip_u32(f.limb[4], f.times5[1]).val[0];
            pair[3] = vzip_u32(f.times5[2], f.times5[3]).val[0];
            pair[4] = f.times5[4];
        }
    };

    /// sums[(kLimb + j) % 5] += limb * limb j of the factor, from j on.
    template <std::size_t kLimb, std::size_t kJ = 0>
    static WEFT_KERNEL void multiply_limb(U64* sums, uint32x2_t limb, const Scalars& factor) {
        if constexpr (kJ < Field::kLimbs) {
            constexpr std::size_t kAt = kLimb + kJ < Field::kLimbs ? kJ : kJ + 4;
            U64& sum = sums[(kLimb + kJ) % Field::kLimbs];
            sum = vmlal_lane_u32(sum, limb, factor.pair[kAt / 2], kAt % 2);
            multiply_limb<kLimb, kJ + 1>(sums, limb, factor);
        }
    }

    static WEFT_KERNEL void multiply(U64* sums, const uint32x2_t* limbs, const Scalars& factor) {
        multiply_limb<0>(sums, limbs[0], factor);
        multiply_limb<1>(sums, limbs[1], factor);
        multiply_limb<2>(sums, limbs[2], factor);
        multiply_limb<3>(sums, limbs[3], factor);
        multiply_limb<4>(sums, limbs[4], factor);
    }

    /// Four blocks, a limb a vector.
    struct Blocks {
        uint32x4_t limb[Field::kLimbs];

        WEFT_KERNEL Blocks(const std::uint8_t* from, uint32x4_t top) {
            const uint32x4_t mask = vdupq_n_u32(Field::kMask);
            // A text begins anywhere, which this instruction allows; each lane is a word of its
            // block.
            const void* const text = from;
            const uint32x4x4_t word = vld4q_u32(static_cast<const std::uint32_t*>(text));
            limb[0] = vandq_u32(word.val[0], mask);
            limb[1] = vandq_u32(vsriq_n_u32(vshlq_n_u32(word.val[1], 6), word.val[0], 26), mask);
            limb[2] = vandq_u32(vsriq_n_u32(vshlq_n_u32(word.val[2], 12), word.val[1], 20), mask);
            limb[3] = vandq_u32(vsriq_n_u32(vshlq_n_u32(word.val[3], 18), word.val[2], 14), mask);
            limb[4] = vorrq_u32(vshrq_n_u32(word.val[3], 8), top);
        }
    };

    static WEFT_KERNEL Number step(const Number& h,
                                   const Blocks& blocks,
                                   const Scalars& power4,
                                   const Scalars& power2) {
        uint32x2_t limbs[Field::kLimbs];
        Number sums;
        WEFT_UNROLL
        for (std::size_t i = 0; i < Field::kLimbs; ++i) {
            sums.limb[i] = vmovl_u32(vget_high_u32(blocks.limb[i]));
            limbs[i] = vmovn_u64(h.limb[i]);
        }
        multiply(sums.limb, limbs, power4);
        WEFT_UNROLL
        for (std::size_t i = 0; i < Field::kLimbs; ++i) {
            limbs[i] = vget_low_u32(blocks.limb[i]);
        }
        multiply(sums.limb, limbs, power2);
        return Field::carry(sums);
    }

    WEFT_FRAME Number sum_of_blocks(std::size_t size, Scalars power4, Scalars power2) const {
        const std::size_t blocks = (size + 15) / 16 + 1;
        const std::size_t zeros = (4 - blocks % 4) % 4;
        const std::size_t steps = (blocks + zeros) / 4;
        const uint32x4_t tops = vdupq_n_u32(Field::kAbove128);
        Number h{};
        for (std::size_t i = 0; i < steps; ++i) {
            const std::size_t begin = i * kStep - 16 * zeros;  // not of the first if that has zeros
            if (i + 1 < steps && (i != 0 || zeros == 0)) {
                h = step(h, Blocks{text_ + begin, tops}, power4, power2);
                continue;
            }
            alignas(64) std::uint8_t scratch[kStep] = {};
            alignas(16) std::uint32_t top[4];
            const std::size_t skip = i == 0 ? 16 * zeros : 0;
            const std::size_t from = i == 0 ? 0 : begin;
            std::memcpy(scratch + skip, text_ + from, at_most(size - from, kStep - skip));
            for (std::size_t block = 0; block < 4; ++block) {
                top[block] = 16 * block >= skip ? std::uint32_t{Field::kAbove128} : 0;
            }
            if (i + 1 == steps) {
                const std::uint64_t length = size;
                std::memcpy(scratch + kStep - 8, &length, sizeof length);
            }
            h = step(h, Blocks{scratch, vld1q_u32(top)}, power4, power2);
        }
        return h;
    }

    const std::uint8_t* key_;
    const std::uint8_t* text_;
};

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
