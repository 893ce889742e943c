// SPDX-License-Identifier: Apache-2.0
// The Internet checksum as RFC 1071 tells it: big-endian words one by one. Slow twin of
// net/checksum and judge of headers that were patched.
#pragma once

#include <cstdint>

#include <weft/base/bytes.hpp>

namespace weft::test {

/// The folded sum (not complemented) in network order's value; 0xffff over data whose own checksum
/// field is right. `sum` is added before (of a pseudo header).
inline std::uint16_t slow_checksum(ConstBytes data, std::uint32_t sum = 0) {
    sum = (sum & 0xffff) + (sum >> 16);
    for (std::size_t i = 0; i < data.size(); ++i) {
        const auto byte = std::to_integer<std::uint32_t>(data[i]);
        sum += i % 2 == 0 ? byte << 8 : byte;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>((sum & 0xffff) + (sum >> 16));  // a carry of the last one
}

}  // namespace weft::test
