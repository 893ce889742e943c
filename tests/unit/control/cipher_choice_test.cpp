// SPDX-License-Identifier: Apache-2.0
// Which cipher table "auto" is, by made-up times.
#include "cipher_choice.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace weft::control {
namespace {

using Tables = std::vector<const crypto::AeadKernels*>;

constexpr crypto::AeadKernels kIfma{"avx512ifma", nullptr, nullptr};
constexpr crypto::AeadKernels kWide{"avx512", nullptr, nullptr};
constexpr crypto::AeadKernels kAvx2{"avx2", nullptr, nullptr};
constexpr crypto::AeadKernels kSse{"sse", nullptr, nullptr};
constexpr crypto::AeadKernels kNeon{"neon", nullptr, nullptr};

/// Times by name; a table without one must not be measured.
std::string chosen(const Tables& available, const std::map<std::string, int>& microseconds) {
    return choose_cipher(
               available,
               [&](const crypto::AeadKernels& kernels) {
                   return Duration{std::chrono::microseconds{microseconds.at(kernels.name)}};
               })
        .name;
}

TEST(ChooseCipher, IsTheBestInstructionSetWhereNothingNeedsMeasuring) {
    EXPECT_EQ(chosen({&kNeon, &kSse}, {}), "neon");
    EXPECT_EQ(chosen({&kAvx2, &kSse}, {}), "avx2");
    EXPECT_EQ(chosen({&kWide}, {}), "avx512");
}

TEST(ChooseCipher, PrefersNarrowVectorsWhereWideOnesAreSlower) {
    const Tables all{&kIfma, &kWide, &kAvx2, &kSse};
    EXPECT_EQ(chosen(all, {{"avx512ifma", 15}, {"avx512", 19}, {"avx2", 31}}), "avx512ifma");
    EXPECT_EQ(chosen(all, {{"avx512ifma", 35}, {"avx512", 39}, {"avx2", 31}}), "avx2");
    EXPECT_EQ(chosen({&kWide, &kAvx2}, {{"avx512", 35}, {"avx2", 31}}), "avx2");
}

TEST(ChooseCipher, StaysWithTheWiderOfTwoThatAreEquallyFast) {
    EXPECT_EQ(chosen({&kWide, &kAvx2}, {{"avx512", 1000}, {"avx2", 960}}), "avx512");
    EXPECT_EQ(chosen({&kWide, &kAvx2}, {{"avx512", 1000}, {"avx2", 940}}), "avx2");
}

TEST(ChooseCipher, TakesTheShortestOfSeveralTimesOfEachAndNoneOfTheFirstTwo) {
    std::map<std::string, int> calls;
    const auto disturbed = [&](const crypto::AeadKernels& kernels) {
        const int call = ++calls[kernels.name];
        const int cold = 1;  // the clock of what ran before
        const int usual = &kernels == &kWide ? 10'000 : 20'000;
        return Duration{call <= 2 ? cold : call == 3 ? 1'000'000 : usual};
    };
    const Tables both{&kWide, &kAvx2};
    EXPECT_EQ(&choose_cipher(both, disturbed), &kWide);
}

TEST(ChooseCipher, MeasuresTheTablesOfThisMachine) {
    const auto available = crypto::available_kernels();
    EXPECT_GT(time_of_a_batch(*available.front()).count(), 0);
    EXPECT_NE(std::ranges::find(available, &choose_cipher(available)), available.end());
}

}  // namespace
}  // namespace weft::control
