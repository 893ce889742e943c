// SPDX-License-Identifier: Apache-2.0
// Reads fields off received bytes, front to back, each length checked before it is read. An error
// sticks: callers read all their fields and ask once. Integers are little-endian.
#pragma once

#include <concepts>
#include <string_view>

#include <weft/base/bytes.hpp>

namespace weft {

class ByteReader {
  public:
    explicit ByteReader(ConstBytes bytes) : rest_(bytes) {}

    /// The next `size` bytes, where they lie; empty, and failed, where fewer are left.
    [[nodiscard]] ConstBytes take(std::size_t size) {
        if (size > rest_.size()) {
            fail();
            return {};
        }
        const ConstBytes taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }
    template <std::unsigned_integral T>
    [[nodiscard]] T read() {
        T value = 0;
        const ConstBytes bytes = take(sizeof(T));
        for (std::size_t i = bytes.size(); i-- > 0;) {
            value = static_cast<T>((static_cast<std::uint64_t>(value) << 8) |
                                   std::to_integer<std::uint8_t>(bytes[i]));
        }
        return value;
    }
    /// Fills `out`; leaves it as it is, and fails, where fewer bytes are left.
    void read_into(Bytes out) {
        if (const ConstBytes bytes = take(out.size()); !failed_) {
            copy_bytes(bytes, out);
        }
    }
    /// True, and behind it, where the next bytes are these.
    [[nodiscard]] bool skip(std::string_view expected) {
        const ConstBytes bytes = take(expected.size());
        return !failed_ && std::memcmp(bytes.data(), expected.data(), expected.size()) == 0;
    }

    void fail() {
        failed_ = true;
        rest_ = {};
    }
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] std::size_t left() const { return rest_.size(); }
    /// Everything was there and nothing is left.
    [[nodiscard]] bool done() const { return !failed_ && rest_.empty(); }

  private:
    ConstBytes rest_;
    bool failed_ = false;
};

}  // namespace weft
