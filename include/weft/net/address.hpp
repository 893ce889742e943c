// SPDX-License-Identifier: Apache-2.0
// IP addresses, prefixes, endpoints: values with a text form.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <weft/base/bytes.hpp>

namespace weft::net {

enum class Family : std::uint8_t { kIpv4 = 4, kIpv6 = 6 };

/// An IPv4 or IPv6 address in network byte order.
class IpAddress {
  public:
    /// 0.0.0.0
    IpAddress() = default;
    explicit IpAddress(std::span<const std::byte, 4> bytes);
    explicit IpAddress(std::span<const std::byte, 16> bytes);
    static IpAddress unspecified(Family family);
    /// Dotted quad or RFC 4291 text, without zone; nothing else.
    static std::optional<IpAddress> parse(std::string_view text);

    [[nodiscard]] Family family() const { return family_; }
    [[nodiscard]] bool is_v4() const { return family_ == Family::kIpv4; }
    /// 4 or 16 bytes.
    [[nodiscard]] ConstBytes bytes() const { return ConstBytes{bytes_}.first(is_v4() ? 4 : 16); }
    /// 32 or 128.
    [[nodiscard]] std::uint8_t bits() const { return is_v4() ? 32 : 128; }
    [[nodiscard]] bool is_unspecified() const;
    [[nodiscard]] bool is_loopback() const;
    [[nodiscard]] bool is_link_local() const;
    [[nodiscard]] bool is_multicast() const;
    [[nodiscard]] std::string to_string() const;

    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

  private:
    Family family_ = Family::kIpv4;
    ByteArray<16> bytes_{};  // an IPv4 address in the first four, the rest zero
};

/// An address and a length. The address keeps its host bits until masked().
struct Prefix {
    IpAddress address;
    std::uint8_t length = 0;

    /// "10.0.0.0/24", or an address alone for its full length.
    static std::optional<Prefix> parse(std::string_view text);
    /// A single address as a prefix.
    static Prefix host(const IpAddress& address) { return {address, address.bits()}; }

    [[nodiscard]] Prefix masked() const;
    [[nodiscard]] bool contains(const IpAddress& other) const;
    [[nodiscard]] bool contains(const Prefix& other) const;
    [[nodiscard]] bool overlaps(const Prefix& other) const;
    /// The address after the prefix's own, by weft's convention the gateway of the node that has
    /// it; of a single address itself.
    [[nodiscard]] IpAddress first_host() const;
    [[nodiscard]] std::string to_string() const;

    friend auto operator<=>(const Prefix&, const Prefix&) = default;
};

/// Where a UDP datagram comes from or goes to.
struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;
    std::uint32_t scope_id = 0;  // interface index of a link-local IPv6 address, else 0

    /// "192.0.2.1:51840" or "[2001:db8::1]:51840", with "%3" or "%eth0" left to the caller.
    static std::optional<Endpoint> parse(std::string_view text);
    [[nodiscard]] bool valid() const { return port != 0 && !address.is_unspecified(); }
    [[nodiscard]] std::string to_string() const;

    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// The way to a peer: its endpoint and the local address that the last packet from there came to
/// ("sticky source"; unspecified: let routing choose).
struct Path {
    Endpoint remote;
    IpAddress source;
    std::uint32_t source_interface = 0;

    friend bool operator==(const Path&, const Path&) = default;
};

}  // namespace weft::net
