// SPDX-License-Identifier: Apache-2.0
// Appends fields to a message that is being built; what ByteReader reads. Integers are
// little-endian.
#pragma once

#include <concepts>
#include <utility>
#include <vector>

#include <weft/base/bytes.hpp>

namespace weft {

class ByteWriter {
  public:
    ByteWriter() = default;
    explicit ByteWriter(std::size_t expected_size) { bytes_.reserve(expected_size); }

    void append(ConstBytes bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    void append(std::string_view text) { append(bytes_of(text)); }
    template <std::unsigned_integral T>
    void write(T value) {
        for (std::size_t i = 0; i < sizeof(T); ++i) {
            bytes_.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i)));
        }
    }
    void append_zeros(std::size_t size) { bytes_.resize(bytes_.size() + size); }

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] ConstBytes bytes() const { return bytes_; }
    [[nodiscard]] std::vector<std::byte> release() && { return std::move(bytes_); }

  private:
    std::vector<std::byte> bytes_;
};

}  // namespace weft
