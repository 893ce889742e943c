// SPDX-License-Identifier: Apache-2.0
// Random sources: the system's is not constant, the seeded one is repeatable, below() is fair.
#include <array>
#include <vector>

#include <gtest/gtest.h>

#include <weft/base/random.hpp>

namespace weft {
namespace {

/// Hands out the given 64-bit draws, little-endian.
class ScriptedRandom final : public RandomSource {
  public:
    explicit ScriptedRandom(std::vector<std::uint64_t> draws) : draws_(std::move(draws)) {}
    void fill(Bytes out) override {
        const std::uint64_t draw = draws_.at(next_++);
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = static_cast<std::byte>(draw >> (8 * i));
        }
    }
    [[nodiscard]] std::size_t used() const { return next_; }

  private:
    std::vector<std::uint64_t> draws_;
    std::size_t next_ = 0;
};

TEST(SeededRandom, RepeatsItselfForOneSeed) {
    SeededRandom a{7};
    SeededRandom b{7};
    for (const std::size_t size : {1u, 0u, 32u, 65u, 1000u}) {
        std::vector<std::byte> from_a(size);
        std::vector<std::byte> from_b(size, std::byte{1});
        a.fill(from_a);
        b.fill(from_b);
        EXPECT_EQ(from_a, from_b);
    }
}

TEST(SeededRandom, DiffersBySeedAndByCall) {
    SeededRandom a{7};
    SeededRandom b{8};
    ByteArray<32> first{};
    ByteArray<32> second{};
    ByteArray<32> other{};
    a.fill(first);
    a.fill(second);
    b.fill(other);
    EXPECT_NE(first, second);
    EXPECT_NE(first, other);
}

TEST(SystemRandom, FillsEveryByteAndNeverTwiceTheSame) {
    SystemRandom random;
    ByteArray<32> once{};
    ByteArray<32> twice{};
    random.fill(once);
    random.fill(twice);
    EXPECT_NE(once, twice);
    random.fill({});

    ByteArray<64> seen{};
    for (int round = 0; round < 64; ++round) {
        ByteArray<64> draw{};
        random.fill(draw);
        for (std::size_t i = 0; i < draw.size(); ++i) {
            seen[i] |= draw[i];
        }
    }
    for (const std::byte byte : seen) {
        EXPECT_NE(byte, std::byte{0});
    }
}

TEST(RandomSource, BelowStaysBelowAndReachesEveryValue) {
    SeededRandom random{3};
    std::array<int, 7> hits{};
    for (int i = 0; i < 7000; ++i) {
        ++hits.at(random.below(hits.size()));
    }
    for (const int count : hits) {
        EXPECT_GT(count, 800);
        EXPECT_LT(count, 1200);
    }
    EXPECT_EQ(random.below(1), 0u);
}

TEST(RandomSource, BelowThrowsTheUnfairDrawsAway) {
    // 2^64 mod 10 is 6: draws 0-5 would make 0-5 likelier than 6-9.
    ScriptedRandom random{{0, 5, 6, 29}};
    EXPECT_EQ(random.below(10), 6u);
    EXPECT_EQ(random.used(), 3u);
    EXPECT_EQ(random.below(10), 9u);
}

TEST(RandomSource, BelowTakesTheLargestBound) {
    ScriptedRandom random{{0, 1, ~std::uint64_t{0}}};
    EXPECT_EQ(random.below(~std::uint64_t{0}), 1u)
        << "2^64 mod (2^64 - 1) is 1: zero is drawn again";
    EXPECT_EQ(random.below(std::uint64_t{1} << 63), (std::uint64_t{1} << 63) - 1);
}

TEST(RandomSource, NextU32IsLittleEndian) {
    ScriptedRandom random{{0x04030201}};
    EXPECT_EQ(random.next_u32(), 0x04030201u);
}

}  // namespace
}  // namespace weft
