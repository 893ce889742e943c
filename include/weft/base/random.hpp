// SPDX-License-Identifier: Apache-2.0
// Randomness as an argument, so that a simulation can seed it.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include <weft/base/bytes.hpp>

namespace weft {

class RandomSource {
  public:
    RandomSource() = default;
    RandomSource(const RandomSource&) = delete;
    RandomSource& operator=(const RandomSource&) = delete;
    virtual ~RandomSource() = default;

    /// Fills `out`; cannot fail.
    virtual void fill(Bytes out) = 0;

    std::uint32_t next_u32();
    /// Uniform in [0, bound); bound > 0. As wide as the bound, so that below(size) can index.
    template <std::integral T>
    std::make_unsigned_t<T> below(T bound) {
        return static_cast<std::make_unsigned_t<T>>(uniform(static_cast<std::uint64_t>(bound)));
    }

  private:
    std::uint64_t uniform(std::uint64_t bound);
};

/// The kernel's generator, through libsodium.
class SystemRandom final : public RandomSource {
  public:
    void fill(Bytes out) override;
};

/// Repeatable bytes for tests and simulations: ChaCha20 keyed by `seed`. Never for keys.
class SeededRandom final : public RandomSource {
  public:
    explicit SeededRandom(std::uint64_t seed) : seed_(seed) {}
    void fill(Bytes out) override;

  private:
    std::uint64_t seed_;
    std::uint64_t block_ = 0;
};

}  // namespace weft
