// SPDX-License-Identifier: Apache-2.0
// The arithmetic of the Poly1305 kernels, limb by limb, against long division by 2^130 - 5: at
// values that no message reaches by chance. One lane stands for a vector.
#include <array>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include <weft/base/random.hpp>

#include "chacha20_poly1305/poly1305_field26.hpp"
#include "chacha20_poly1305/poly1305_field44.hpp"

#if defined(__SIZEOF_INT128__)

namespace weft::crypto::chacha20_poly1305 {
namespace {

__extension__ using Wide = unsigned __int128;

/// A vector of one lane, with both kinds of multiplier.
struct OneLane {
    using U64 = std::uint64_t;
    using Half = std::uint32_t;
    static U64 all64(std::uint64_t value) { return value; }
    template <int kBy>
    static U64 left(U64 value) {
        return value << kBy;
    }
    template <int kBy>
    static U64 right(U64 value) {
        return value >> kBy;
    }
    static Half narrow(U64 value) {
        EXPECT_LT(value, std::uint64_t{1} << 32);
        return static_cast<Half>(value);
    }
    static U64 multiply_add(U64 sum, Half a, Half b) {
        const Wide exact = Wide{sum} + Wide{a} * b;
        EXPECT_EQ(exact >> 64, 0);
        return static_cast<U64>(exact);
    }
    static constexpr U64 kMask52 = (std::uint64_t{1} << 52) - 1;
    static U64 multiply_add_low(U64 sum, U64 a, U64 b) {
        EXPECT_EQ((a | b) >> 52, 0u);
        return sum + static_cast<U64>((Wide{a} * b) & kMask52);
    }
    static U64 multiply_add_high(U64 sum, U64 a, U64 b) {
        return sum + static_cast<U64>((Wide{a} * b) >> 52);
    }
};

/// An integer of 320 bits; just enough to multiply and to divide slowly.
struct Big {
    std::array<std::uint32_t, 10> word{};

    static Big of(std::uint64_t low, std::uint64_t high, std::uint64_t top) {
        return {{static_cast<std::uint32_t>(low),
                 static_cast<std::uint32_t>(low >> 32),
                 static_cast<std::uint32_t>(high),
                 static_cast<std::uint32_t>(high >> 32),
                 static_cast<std::uint32_t>(top)}};
    }
    friend Big operator+(const Big& a, const Big& b) {
        Big sum;
        std::uint64_t carry = 0;
        for (std::size_t i = 0; i < sum.word.size(); ++i) {
            carry += std::uint64_t{a.word[i]} + b.word[i];
            sum.word[i] = static_cast<std::uint32_t>(carry);
            carry >>= 32;
        }
        return sum;
    }
    friend Big operator*(const Big& a, const Big& b) {
        Big product;
        for (std::size_t i = 0; i < 5; ++i) {
            std::uint64_t carry = 0;
            for (std::size_t j = 0; i + j < product.word.size(); ++j) {
                carry += product.word[i + j] + std::uint64_t{a.word[i]} * b.word[j];
                product.word[i + j] = static_cast<std::uint32_t>(carry);
                carry >>= 32;
            }
        }
        return product;
    }
    /// Modulo 2^130 - 5, bit by bit from the top.
    [[nodiscard]] Big reduced() const {
        Big rest;
        for (std::size_t bit = word.size() * 32; bit-- > 0;) {
            rest = rest + rest;
            rest.word[0] |= word[bit / 32] >> (bit % 32) & 1;
            // rest + 5 >= 2^130: take the modulus off.
            Big more = rest + of(5, 0, 0);
            if (more.word[4] >> 2 != 0) {
                more.word[4] &= 3;
                rest = more;
            }
        }
        return rest;
    }
    [[nodiscard]] std::uint64_t low() const { return word[0] | std::uint64_t{word[1]} << 32; }
    [[nodiscard]] std::uint64_t high() const { return word[2] | std::uint64_t{word[3]} << 32; }
};

struct Block {
    std::uint64_t low;
    std::uint64_t high;
};

/// Values at the edges, and some between.
std::vector<Block> blocks() {
    constexpr std::uint64_t kAll = ~std::uint64_t{0};
    std::vector<Block> blocks{{0, 0},
                              {1, 0},
                              {kAll, kAll},
                              {kAll - 4, kAll},  // with 2^128 to 3 * 2^128: around the modulus
                              {kAll - 5, kAll},
                              {0, std::uint64_t{1} << 63},
                              {0x0ffffffc0fffffff, 0x0ffffffc0ffffffc},
                              {0x3ffffff, 0},
                              {kAll << 26, kAll >> 26}};
    SeededRandom random{72};
    for (unsigned i = 0; i < 12; ++i) {
        blocks.push_back({random.below(kAll), random.below(kAll)});
    }
    return blocks;
}

template <class F>
class Field : public testing::Test {};
using Fields = testing::Types<Field26<OneLane>, Field44<OneLane>>;
TYPED_TEST_SUITE(Field, Fields);

TYPED_TEST(Field, SumsOfFourProductsAreRightAndFit) {
    using F = TypeParam;
    for (const Block& key : blocks()) {
        const Big r = Big::of(key.low & 0x0ffffffc0fffffff, key.high & 0x0ffffffc0ffffffc, 0);
        const auto number = F::split(r.low(), r.high(), 0);
        // As large as a factor gets: a power of r, carried.
        const auto power = F::carry(F::product(number, F::factor(number)));
        const Big big_power = (r * r).reduced();
        for (const Block& text : blocks()) {
            const auto block = F::split(text.low, text.high, F::kAbove128);
            const Big big_block = Big::of(text.low, text.high, 1);
            auto h = block;
            Big big_h = big_block;
            for (unsigned step = 0; step < 3; ++step) {
                auto sums = F::product(F::sum(h, block), F::factor(power));
                for (unsigned i = 0; i < 3; ++i) {
                    sums = F::add_product(sums, block, F::factor(power));
                }
                h = F::carry(sums);
                const Big many = big_h + big_block + big_block + big_block + big_block;
                big_h = (many * big_power).reduced();
                std::uint64_t low = 0;
                std::uint64_t high = 0;
                F::reduce(h, low, high);
                ASSERT_EQ(low, big_h.low());
                ASSERT_EQ(high, big_h.high());
            }
        }
    }
}

TYPED_TEST(Field, ReducesWhatIsAroundTheModulus) {
    using F = TypeParam;
    for (const Block& text : blocks()) {
        for (std::uint64_t top = 0; top < 8; ++top) {  // up to twice the modulus
            const auto number = F::split(text.low, text.high, F::kAbove128 * top);
            const Big exact = Big::of(text.low, text.high, top).reduced();
            std::uint64_t low = 0;
            std::uint64_t high = 0;
            F::reduce(number, low, high);
            EXPECT_EQ(low, exact.low());
            EXPECT_EQ(high, exact.high());
        }
    }
}

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305

#endif
