// SPDX-License-Identifier: Apache-2.0
// The inner IP header at both ends of the tunnel: outbound before the route look-up, inbound after
// the tag is good. Data plane: no allocation, no exceptions. Worker threads.
// RFC 791, RFC 8200; ECN: RFC 3168, RFC 6040; checksum patch: RFC 1624.
#include <weft/base/assert.hpp>
#include <weft/net/checksum.hpp>
#include <weft/net/ip_view.hpp>

namespace weft::net {

namespace {

constexpr std::uint8_t kEcnMask = 3;
constexpr std::uint8_t kNotEct = 0;
constexpr std::uint8_t kEct1 = 1;
constexpr std::uint8_t kEct0 = 2;
constexpr std::uint8_t kCe = 3;

constexpr std::size_t kIpv4ChecksumOffset = 10;

std::uint8_t ecn_of(ConstBytes packet, bool is_v4) {
    const auto second = std::to_integer<unsigned>(packet[1]);
    return static_cast<std::uint8_t>((is_v4 ? second : second >> 4) & kEcnMask);
}

}  // namespace

std::optional<IpView> IpView::parse(ConstBytes packet) {
    if (packet.size() < kIpv4HeaderMin) {
        return std::nullopt;
    }
    IpView view;
    view.data_ = packet.data();
    const auto first = std::to_integer<unsigned>(packet[0]);
    if (first >> 4 == 4) {
        view.header_size_ = (first & 0xf) * std::size_t{4};
        view.total_size_ = load_be16(&packet[2]);
    } else if (first >> 4 == 6 && packet.size() >= kIpv6Header) {
        view.is_v4_ = false;
        view.header_size_ = kIpv6Header;
        view.total_size_ = kIpv6Header + load_be16(&packet[4]);
    } else {
        return std::nullopt;
    }
    if (view.header_size_ < kIpv4HeaderMin || view.total_size_ < view.header_size_ ||
        view.total_size_ > packet.size()) {
        return std::nullopt;
    }
    return view;
}

std::uint8_t IpView::traffic_class() const {
    const auto first = std::to_integer<unsigned>(data_[0]);
    const auto second = std::to_integer<unsigned>(data_[1]);
    return static_cast<std::uint8_t>(is_v4_ ? second : (first << 4 | second >> 4));
}

IpAddress IpView::source() const {
    return is_v4_ ? IpAddress{std::span<const std::byte, 4>{source_bytes(), 4}}
                  : IpAddress{std::span<const std::byte, 16>{source_bytes(), 16}};
}

IpAddress IpView::destination() const {
    return is_v4_ ? IpAddress{std::span<const std::byte, 4>{destination_bytes(), 4}}
                  : IpAddress{std::span<const std::byte, 16>{destination_bytes(), 16}};
}

void set_ecn(Bytes packet, bool is_v4, std::uint8_t ecn) {
    WEFT_DCHECK(ecn <= kEcnMask && packet.size() >= (is_v4 ? kIpv4HeaderMin : kIpv6Header));
    if (!is_v4) {
        packet[1] = (packet[1] & std::byte{0xcf}) | std::byte{ecn} << 4;
        return;
    }
    const std::uint16_t before = load_be16(packet.data());
    packet[1] = (packet[1] & std::byte{0xfc}) | std::byte{ecn};
    const std::uint16_t after = load_be16(packet.data());

    // RFC 1624, equation 3: HC' = ~(~HC + ~m + m')
    std::byte* const checksum = &packet[kIpv4ChecksumOffset];
    std::uint32_t sum = 0xffffu - load_be16(checksum);
    sum += 0xffffu - before;
    sum += after;
    store_be16(checksum, static_cast<std::uint16_t>(~checksum_fold(sum)));
}

void decapsulate_ecn(std::uint8_t outer_traffic_class, Bytes inner, bool is_v4) {
    const std::uint8_t outer_ecn = outer_traffic_class & kEcnMask;
    const std::uint8_t inner_ecn = ecn_of(inner, is_v4);
    if (outer_ecn == kCe && inner_ecn != kNotEct && inner_ecn != kCe) {
        set_ecn(inner, is_v4, kCe);
    } else if (outer_ecn == kEct1 && inner_ecn == kEct0) {
        set_ecn(inner, is_v4, kEct1);
    }  // in every other case the inner field stands (RFC 6040, figure 4)
}

}  // namespace weft::net
