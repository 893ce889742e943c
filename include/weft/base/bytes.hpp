// SPDX-License-Identifier: Apache-2.0
// Byte ranges, the only currency between rooms. No ownership, no I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace weft {

using Bytes = std::span<std::byte>;
using ConstBytes = std::span<const std::byte>;
template <std::size_t N>
using ByteArray = std::array<std::byte, N>;

/// The bytes of a text, without its terminator.
inline ConstBytes bytes_of(std::string_view text) {
    return std::as_bytes(std::span{text.data(), text.size()});
}

/// For C libraries that want unsigned char.
inline const unsigned char* as_uchar(const std::byte* bytes) {
    return reinterpret_cast<const unsigned char*>(bytes);
}
inline unsigned char* as_uchar(std::byte* bytes) {
    return reinterpret_cast<unsigned char*>(bytes);
}

/// Copies all of `from` to the front of `to`, which must be long enough, and returns the rest of
/// `to`.
inline Bytes copy_bytes(ConstBytes from, Bytes to) {
    if (!from.empty()) {
        std::memcpy(to.data(), from.data(), from.size());
    }
    return to.subspan(from.size());
}

}  // namespace weft
