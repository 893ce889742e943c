// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as an inner packet: its length cut to the header's word for it (what the
// receiver does with tunnel padding), and the ECN bits merged at decapsulation (RFC 6040), which
// may touch two bits and the IPv4 checksum and keep the latter right.
#include <weft/net/checksum.hpp>
#include <weft/net/ip_view.hpp>

#include "fuzz.hpp"
#include "slow_checksum.hpp"

namespace {

using weft::fuzz::Buffer;
using weft::net::IpView;

/// RFC 6040, figure 4, with CE over Not-ECT delivered (as the kernel does).
unsigned expected_ecn(unsigned outer, unsigned inner) {
    constexpr unsigned kNotEct = 0;
    constexpr unsigned kEct1 = 1;
    constexpr unsigned kEct0 = 2;
    constexpr unsigned kCe = 3;
    if (outer == kCe && inner != kNotEct) {
        return kCe;
    }
    return outer == kEct1 && inner == kEct0 ? kEct1 : inner;
}

void check_bounds(const IpView& ip, weft::ConstBytes packet) {
    WEFT_FUZZ_CHECK(ip.header_size() >= (ip.is_v4() ? 20U : 40U) && ip.header_size() <= 60);
    WEFT_FUZZ_CHECK(ip.header_size() <= ip.total_size() && ip.total_size() <= packet.size());
    WEFT_FUZZ_CHECK(ip.source().is_v4() == ip.is_v4() && ip.destination().is_v4() == ip.is_v4());
    WEFT_FUZZ_CHECK(ip.source_bytes() + 2 * ip.source().bytes().size() <=
                    packet.data() + ip.header_size());
    // Cut to its length it is the same packet; one byte less is none.
    const Buffer trimmed = weft::fuzz::copy_of(packet.first(ip.total_size()));
    const auto again = IpView::parse(trimmed);
    WEFT_FUZZ_CHECK(again && again->total_size() == trimmed.size());
    WEFT_FUZZ_CHECK(!IpView::parse(weft::ConstBytes{trimmed}.first(trimmed.size() - 1)));
}

void check_ecn(const IpView& ip, weft::ConstBytes packet, std::uint8_t outer) {
    const bool v4 = ip.is_v4();
    const unsigned before = ip.traffic_class();
    Buffer changed = weft::fuzz::copy_of(packet.first(ip.total_size()));
    const weft::ConstBytes header = weft::ConstBytes{changed}.first(ip.header_size());
    const bool checksum_good = v4 && weft::test::slow_checksum(header) == 0xffff;
    weft::net::decapsulate_ecn(outer, changed, v4);

    const auto after = IpView::parse(changed);
    WEFT_FUZZ_CHECK(after.has_value());
    WEFT_FUZZ_CHECK(after->traffic_class() ==
                    ((before & 0xfcU) | expected_ecn(outer & 3U, before & 3U)));
    WEFT_FUZZ_CHECK(!checksum_good || weft::test::slow_checksum(header) == 0xffff);
    for (std::size_t i = 0; i < changed.size(); ++i) {
        const bool may_change = i == 1 || (v4 && (i == 10 || i == 11));
        WEFT_FUZZ_CHECK(may_change || changed[i] == packet[i]);
    }
}

void check_checksum(weft::ConstBytes data) {
    const auto sum = weft::net::checksum_fold(weft::net::checksum_add(0, data));
    weft::ByteArray<2> stored{};
    weft::net::store_checksum(stored.data(), sum);
    WEFT_FUZZ_CHECK(weft::load_be16(stored.data()) == weft::test::slow_checksum(data));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weft::fuzz::Input input{data, size};
    const std::uint8_t outer = input.u8();
    Buffer packet = weft::fuzz::copy_of(input.rest());
    if (!packet.empty() && (outer & 0x80U) != 0 && packet.size() >= 20) {
        packet[0] = std::byte{0x45};  // often enough a header whose checksum is right
        weft::net::write_ipv4_checksum(weft::Bytes{packet}.first(20));
    }
    check_checksum(packet);
    if (const auto ip = IpView::parse(packet)) {
        check_bounds(*ip, packet);
        check_ecn(*ip, packet, outer);
    }
    return 0;
}
