// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as the inner packet that an ICMP error answers (unreachable, too big). It
// fits its buffer, is a packet with right lengths and checksums, quotes its cause, and is never
// itself answered (RFC 1122 3.2.2, RFC 4443 2.4).
#include "fuzz.hpp"
#include "icmp_error.hpp"
#include "packets.hpp"

namespace {

using weft::ConstBytes;
using weft::fuzz::Buffer;
using weft::net::IpAddress;
using weft::net::IpView;

constexpr std::size_t kIcmpHeader = 8;

void check_answer(ConstBytes cause, const IpView& ip, const Buffer& answer) {
    const auto outer = IpView::parse(answer);
    WEFT_FUZZ_CHECK(outer && outer->total_size() == answer.size());
    WEFT_FUZZ_CHECK(outer->destination() == ip.source());
    const ConstBytes all{answer};
    const ConstBytes icmp = all.subspan(outer->header_size());
    std::uint32_t sum = 0;
    if (outer->is_v4()) {
        WEFT_FUZZ_CHECK(weft::test::slow_checksum(all.first(outer->header_size())) == 0xffff);
    } else {
        sum = weft::test::slow_pseudo_sum(all, false, weft::net::kProtocolIcmpv6, icmp.size());
    }
    WEFT_FUZZ_CHECK(weft::test::slow_checksum(icmp, sum) == 0xffff);
    const ConstBytes quote = icmp.subspan(kIcmpHeader);
    WEFT_FUZZ_CHECK(quote.size() <= cause.size());
    WEFT_FUZZ_CHECK(std::equal(quote.begin(), quote.end(), cause.begin()));

    Buffer again(weft::dataplane::kIcmpMax);
    const IpAddress self = outer->destination();
    WEFT_FUZZ_CHECK(weft::dataplane::build_icmp_unreachable(all, *outer, self, again) == 0);
    WEFT_FUZZ_CHECK(weft::dataplane::build_icmp_too_big(all, *outer, 1280, self, again) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weft::fuzz::Input input{data, size};
    const std::uint16_t mtu = input.u16();
    const Buffer packet = weft::fuzz::copy_of(input.rest());
    const auto ip = IpView::parse(packet);
    if (!ip) {
        return 0;
    }
    const ConstBytes cause = ConstBytes{packet}.first(ip->total_size());
    const auto ours = *IpAddress::parse(ip->is_v4() ? "10.44.0.1" : "fd44::1");
    for (const bool too_big : {false, true}) {
        Buffer out(weft::dataplane::kIcmpMax);
        out.resize(too_big ? weft::dataplane::build_icmp_too_big(cause, *ip, mtu, ours, out)
                           : weft::dataplane::build_icmp_unreachable(cause, *ip, ours, out));
        if (!out.empty()) {
            check_answer(cause, *ip, out);
        }
    }
    return 0;
}
