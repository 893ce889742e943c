// SPDX-License-Identifier: Apache-2.0
// The few fields of an inner packet that the tunnel reads (RFC 791, RFC 8200). Lengths are checked
// once, here; afterwards the accessors cannot run off the end.
#pragma once

#include <cstdint>
#include <optional>

#include <weft/base/bytes.hpp>
#include <weft/base/endian.hpp>
#include <weft/net/address.hpp>

namespace weft::net {

inline constexpr std::uint8_t kProtocolIcmp = 1;
inline constexpr std::uint8_t kProtocolTcp = 6;
inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::uint8_t kProtocolIcmpv6 = 58;

inline constexpr std::size_t kIpv4HeaderMin = 20;
inline constexpr std::size_t kIpv6Header = 40;

/// A packet whose IP header is complete and whose IP length fits the bytes at hand.
class IpView {
  public:
    /// Nothing unless `packet` starts with a whole IPv4 (version, IHL ≥ 5, total length ≥ header)
    /// or IPv6 header and holds at least the length that the header tells.
    static std::optional<IpView> parse(ConstBytes packet);

    [[nodiscard]] bool is_v4() const { return is_v4_; }
    /// IP header with options (IPv4) or 40 (IPv6: extension headers count as payload).
    [[nodiscard]] std::size_t header_size() const { return header_size_; }
    /// Bytes of the IP packet without tunnel padding.
    [[nodiscard]] std::size_t total_size() const { return total_size_; }
    /// IPv4 protocol or IPv6 next header.
    [[nodiscard]] std::uint8_t protocol() const {
        return std::to_integer<std::uint8_t>(data_[is_v4_ ? 9 : 6]);
    }
    /// IPv4 TOS or IPv6 traffic class, whole byte.
    [[nodiscard]] std::uint8_t traffic_class() const;
    /// 4 or 16 bytes, network order.
    [[nodiscard]] const std::byte* source_bytes() const { return data_ + (is_v4_ ? 12 : 8); }
    [[nodiscard]] const std::byte* destination_bytes() const { return data_ + (is_v4_ ? 16 : 24); }
    [[nodiscard]] IpAddress source() const;
    [[nodiscard]] IpAddress destination() const;

  private:
    const std::byte* data_ = nullptr;
    std::size_t header_size_ = 0;
    std::size_t total_size_ = 0;
    bool is_v4_ = true;
};

/// Sets the two ECN bits of an IPv4 header (patching its checksum, RFC 1624) or an IPv6 header.
void set_ecn(Bytes packet, bool is_v4, std::uint8_t ecn);

/// RFC 6040 decapsulation of the outer ECN into the inner header. Outer CE over an inner packet
/// that is not ECN-capable would have it dropped there; kernel WireGuard delivers it unchanged
/// (receive.c ignores INET_ECN_decapsulate's verdict), and so do we: a middlebox that rewrites TOS
/// must not black-hole a tunnel.
void decapsulate_ecn(std::uint8_t outer_traffic_class, Bytes inner, bool is_v4);

}  // namespace weft::net
