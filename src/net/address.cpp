// SPDX-License-Identifier: Apache-2.0
// Text and arithmetic of IP addresses, prefixes and endpoints. The text of an address is libc's
// business (inet_pton refuses octal, leading zeros and zones); lengths and ports are read here.
// Control plane; the packet path copies these values and compares them. Any thread.
#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include <weft/base/assert.hpp>
#include <weft/base/number.hpp>
#include <weft/net/address.hpp>

namespace weft::net {

namespace {

/// True if the first `length` bits of `a` and `b` agree; both hold that many.
bool same_bits(ConstBytes a, ConstBytes b, std::size_t length) {
    const std::size_t whole = length / 8;
    if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) {
        return false;
    }
    const std::size_t rest = length % 8;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == std::byte{0};
}

/// A decimal number without sign or leading zero, at most `maximum`.
template <class Number>
std::optional<Number> parse_decimal(std::string_view text, Number maximum) {
    if (text.empty() || (text.size() > 1 && text.front() == '0')) {
        return std::nullopt;
    }
    const std::optional<Number> value = parse_number<Number>(text);
    if (!value || *value > maximum) {
        return std::nullopt;
    }
    return value;
}

}  // namespace

// ---- IpAddress ----------------------------------------------------------------------------------

IpAddress::IpAddress(std::span<const std::byte, 4> bytes) {
    copy_bytes(bytes, bytes_);
}

IpAddress::IpAddress(std::span<const std::byte, 16> bytes) : family_(Family::kIpv6) {
    copy_bytes(bytes, bytes_);
}

IpAddress IpAddress::unspecified(Family family) {
    IpAddress address;
    address.family_ = family;
    return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    std::copy(text.begin(), text.end(), terminated.begin());

    IpAddress address;
    const bool is_v6 = text.find(':') != std::string_view::npos;
    address.family_ = is_v6 ? Family::kIpv6 : Family::kIpv4;
    if (::inet_pton(is_v6 ? AF_INET6 : AF_INET, terminated.data(), address.bytes_.data()) != 1) {
        return std::nullopt;
    }
    return address;
}

bool IpAddress::is_unspecified() const {
    return bytes_ == ByteArray<16>{};
}

bool IpAddress::is_loopback() const {
    if (is_v4()) {
        return bytes_[0] == std::byte{127};  // 127.0.0.0/8
    }
    ByteArray<16> one{};
    one[15] = std::byte{1};
    return bytes_ == one;  // ::1
}

bool IpAddress::is_link_local() const {
    if (is_v4()) {
        return bytes_[0] == std::byte{169} && bytes_[1] == std::byte{254};  // RFC 3927
    }
    return bytes_[0] == std::byte{0xfe} && (bytes_[1] & std::byte{0xc0}) == std::byte{0x80};
}

bool IpAddress::is_multicast() const {
    if (is_v4()) {
        return (bytes_[0] & std::byte{0xf0}) == std::byte{0xe0};  // 224.0.0.0/4
    }
    return bytes_[0] == std::byte{0xff};
}

std::string IpAddress::to_string() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const char* const written = ::inet_ntop(is_v4() ? AF_INET : AF_INET6,
                                            bytes_.data(),
                                            text.data(),
                                            static_cast<socklen_t>(text.size()));
    WEFT_ASSERT(written != nullptr);
    return written;
}

// ---- Prefix -------------------------------------------------------------------------------------

std::optional<Prefix> Prefix::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) {
        return std::nullopt;
    }
    if (slash == std::string_view::npos) {
        return host(*address);
    }
    const auto length = parse_decimal<std::uint8_t>(text.substr(slash + 1), address->bits());
    if (!length) {
        return std::nullopt;
    }
    return Prefix{*address, *length};
}

Prefix Prefix::masked() const {
    WEFT_ASSERT(length <= address.bits());
    ByteArray<16> bytes{};
    copy_bytes(address.bytes().first((length + 7u) / 8u), bytes);
    if (const unsigned rest = length % 8u; rest != 0) {
        bytes[length / 8u] &= std::byte{0xff} << (8 - rest);
    }
    const std::span<const std::byte, 16> all{bytes};
    return {address.is_v4() ? IpAddress{all.first<4>()} : IpAddress{all}, length};
}

bool Prefix::contains(const IpAddress& other) const {
    return overlaps(host(other));
}

bool Prefix::contains(const Prefix& other) const {
    return length <= other.length && overlaps(other);
}

bool Prefix::overlaps(const Prefix& other) const {
    return address.family() == other.address.family() &&
           same_bits(address.bytes(), other.address.bytes(), std::min(length, other.length));
}

IpAddress Prefix::first_host() const {
    const IpAddress own = masked().address;
    if (length == own.bits()) {
        return own;
    }
    ByteArray<16> bytes{};
    const ConstBytes from = own.bytes();
    std::copy(from.begin(), from.end(), bytes.begin());
    bytes[from.size() - 1] |= std::byte{1};
    const std::span<const std::byte> all{bytes};
    return own.is_v4() ? IpAddress{all.first<4>()} : IpAddress{all.first<16>()};
}

std::string Prefix::to_string() const {
    return address.to_string() + "/" + std::to_string(length);
}

// ---- Endpoint -----------------------------------------------------------------------------------

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    const auto address = IpAddress::parse(host);
    const auto port = parse_decimal<std::uint16_t>(text.substr(colon + 1), 0xffff);
    if (!address || !port || bracketed == address->is_v4()) {
        return std::nullopt;
    }
    return Endpoint{*address, *port, 0};
}

std::string Endpoint::to_string() const {
    if (address.is_v4()) {
        return address.to_string() + ":" + std::to_string(port);
    }
    const std::string zone = scope_id == 0 ? "" : "%" + std::to_string(scope_id);
    return "[" + address.to_string() + zone + "]:" + std::to_string(port);
}

}  // namespace weft::net
