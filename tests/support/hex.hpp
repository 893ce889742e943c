// SPDX-License-Identifier: Apache-2.0
// Byte strings in tests: from hex, to hex, and a fixed-size copy. "-" is the empty string, as in
// tests/vectors.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <weft/base/bytes.hpp>
#include <weft/base/encoding.hpp>

namespace weft::test {

inline std::vector<std::byte> unhex(std::string_view text) {
    if (text == "-") {
        text = {};
    }
    std::vector<std::byte> bytes(text.size() / 2);
    if (!from_hex(text, bytes)) {
        throw std::invalid_argument("not hex: " + std::string{text});
    }
    return bytes;
}

/// Hex of exactly N bytes as an array.
template <std::size_t N>
ByteArray<N> unhex_array(std::string_view text) {
    ByteArray<N> bytes{};
    if (!from_hex(text, bytes)) {
        throw std::invalid_argument("not hex of the right size: " + std::string{text});
    }
    return bytes;
}

}  // namespace weft::test
