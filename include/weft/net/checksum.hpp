// SPDX-License-Identifier: Apache-2.0
// The Internet checksum (RFC 1071), as running 64-bit sums so that parts can be added in any order
// as long as each starts at an even offset.
#pragma once

#include <cstdint>

#include <weft/base/bytes.hpp>
#include <weft/net/ip_view.hpp>

namespace weft::net {

/// `sum` plus the 16-bit words of `data` in *native* byte order; an odd last byte is padded with
/// zero. Adds less than 2^35 per call, so that sums may also be added with a plain +. `data` is
/// less than 1 GiB.
[[nodiscard]] std::uint64_t checksum_add(std::uint64_t sum, ConstBytes data);

/// Folds to 16 bits, still native order, not complemented.
[[nodiscard]] std::uint16_t checksum_fold(std::uint64_t sum);

/// The sum of the pseudo header of TCP or UDP: addresses of `ip`, `protocol`, `length` of the L4
/// packet.
[[nodiscard]] std::uint64_t pseudo_header_sum(const IpView& ip,
                                              std::uint8_t protocol,
                                              std::uint32_t length);

/// Stores a native-order folded sum where the checksum belongs.
inline void store_checksum(std::byte* to, std::uint16_t native) {
    std::memcpy(to, &native, sizeof native);
}

/// Recomputes the IPv4 header checksum over `header` (20–60 bytes).
void write_ipv4_checksum(Bytes header);

}  // namespace weft::net
