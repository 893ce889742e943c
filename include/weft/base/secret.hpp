// SPDX-License-Identifier: Apache-2.0
// Secret<N>: key material. Wiped when it dies, copied only by name, compared in constant time.
#pragma once

#include <array>
#include <cstddef>

#include <sodium.h>

#include <weft/base/bytes.hpp>

namespace weft {

template <std::size_t N>
class Secret {
  public:
    static constexpr std::size_t kSize = N;

    Secret() = default;
    explicit Secret(std::span<const std::byte, N> bytes) {
        std::memcpy(bytes_.data(), bytes.data(), N);
    }
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    Secret(Secret&& other) noexcept : bytes_(other.bytes_) { other.wipe(); }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            bytes_ = other.bytes_;
            other.wipe();
        }
        return *this;
    }
    ~Secret() { wipe(); }

    [[nodiscard]] Secret clone() const { return Secret{bytes()}; }
    [[nodiscard]] std::span<const std::byte, N> bytes() const { return bytes_; }
    [[nodiscard]] std::span<std::byte, N> mutable_bytes() { return bytes_; }
    [[nodiscard]] const unsigned char* data() const { return as_uchar(bytes_.data()); }
    [[nodiscard]] unsigned char* data() { return as_uchar(bytes_.data()); }

    [[nodiscard]] bool is_zero() const { return sodium_is_zero(data(), N) == 1; }
    void wipe() { sodium_memzero(bytes_.data(), N); }

    /// Constant time.
    friend bool operator==(const Secret& a, const Secret& b) {
        return sodium_memcmp(a.bytes_.data(), b.bytes_.data(), N) == 0;
    }

  private:
    std::array<std::byte, N> bytes_{};
};

}  // namespace weft
