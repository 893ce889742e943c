// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets share: a check that aborts with its place, and a reader that takes an input
// apart and never runs out (a short input reads as zeros, so every prefix of an input is one too).
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <weft/base/bytes.hpp>

/// An invariant of a target; not assert(), which release builds leave out.
#define WEFT_FUZZ_CHECK(condition)                                                              \
    do {                                                                                        \
        if (!(condition)) {                                                                     \
            std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                       \
        }                                                                                       \
    } while (false)

namespace weft::fuzz {

using Buffer = std::vector<std::byte>;

/// A copy on the heap of exactly its size, so that AddressSanitizer sees one byte too many.
inline Buffer copy_of(ConstBytes bytes) {
    return {bytes.begin(), bytes.end()};
}

class Input {
  public:
    Input(const std::uint8_t* data, std::size_t size)
        : rest_{std::as_bytes(std::span{data, size})} {}

    [[nodiscard]] bool empty() const { return rest_.empty(); }
    [[nodiscard]] std::uint8_t u8() {
        const ConstBytes one = take(1);
        return one.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(one[0]);
    }
    [[nodiscard]] std::uint16_t u16() {
        const unsigned high = u8();
        return static_cast<std::uint16_t>(high << 8U | u8());
    }
    [[nodiscard]] std::uint32_t u32() {
        const std::uint32_t high = u16();
        return high << 16U | u16();
    }
    /// At most `size` bytes.
    [[nodiscard]] ConstBytes take(std::size_t size) {
        const ConstBytes taken = rest_.first(std::min(size, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    [[nodiscard]] ConstBytes rest() { return take(rest_.size()); }
    [[nodiscard]] std::string_view text() {
        const ConstBytes all = rest();
        return {reinterpret_cast<const char*>(all.data()), all.size()};
    }

  private:
    ConstBytes rest_;
};

}  // namespace weft::fuzz
