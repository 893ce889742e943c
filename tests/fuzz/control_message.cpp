// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as the ancillary data of a received datagram. The walker agrees with a
// slow one that asks for each field alone, and a message put in front by the writer is read back.
#include "control_message.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>

#include "fuzz.hpp"

namespace {

using weft::ConstBytes;
using weft::sys::ControlInfo;

/// The last positive UDP_GRO value, by a walk that knows nothing else (cmsg(3)).
std::uint32_t slow_segment(ConstBytes control) {
    std::uint32_t segment = 0;
    std::size_t at = 0;
    while (at <= control.size() && control.size() - at >= sizeof(cmsghdr)) {
        cmsghdr header{};
        std::memcpy(&header, control.data() + at, sizeof header);
        if (header.cmsg_len < sizeof header || header.cmsg_len > control.size() - at) {
            break;
        }
        int value = 0;
        if (header.cmsg_level == IPPROTO_UDP && header.cmsg_type == UDP_GRO &&
            header.cmsg_len - sizeof header >= sizeof value) {
            std::memcpy(&value, control.data() + at + sizeof header, sizeof value);
            segment = value > 0 ? static_cast<std::uint32_t>(value) : segment;
        }
        at += weft::sys::control_align(header.cmsg_len);
    }
    return segment;
}

void check_written_is_read(ConstBytes rest, std::uint16_t segment, std::uint8_t traffic_class) {
    weft::sys::ControlWriter<256> writer;
    in_pktinfo packet{};
    packet.ipi_ifindex = 7;
    packet.ipi_spec_dst.s_addr = htonl(0xc0000201);
    writer.append(IPPROTO_IP, IP_PKTINFO, packet);
    writer.append(IPPROTO_IP, IP_TOS, int{traffic_class});
    writer.append(IPPROTO_UDP, UDP_GRO, int{segment});
    WEFT_FUZZ_CHECK(writer.size() == weft::sys::control_space(sizeof packet) +
                                         2 * weft::sys::control_space(sizeof(int)));
    const ControlInfo alone = weft::sys::parse_control(writer.bytes());
    WEFT_FUZZ_CHECK(alone.segment == segment && alone.traffic_class == traffic_class);
    WEFT_FUZZ_CHECK(alone.has_local && alone.interface == 7);
    WEFT_FUZZ_CHECK(alone.local == weft::net::IpAddress::parse("192.0.2.1"));

    // What follows may override fields, never hide them.
    weft::fuzz::Buffer joined = weft::fuzz::copy_of(writer.bytes());
    joined.insert(joined.end(), rest.begin(), rest.end());
    const ControlInfo info = weft::sys::parse_control(joined);
    const ControlInfo tail = weft::sys::parse_control(rest);
    WEFT_FUZZ_CHECK(info.segment == (tail.segment != 0 ? tail.segment : segment));
    WEFT_FUZZ_CHECK(info.has_local);
    WEFT_FUZZ_CHECK(info.local == (tail.has_local ? tail.local : alone.local));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weft::fuzz::Input input{data, size};
    const std::uint16_t segment = input.u16();
    const std::uint8_t traffic_class = input.u8();
    const weft::fuzz::Buffer control = weft::fuzz::copy_of(input.rest());
    const ControlInfo info = weft::sys::parse_control(control);
    WEFT_FUZZ_CHECK(info.segment == slow_segment(control));
    WEFT_FUZZ_CHECK(info.has_local || (info.interface == 0 && info.local.is_unspecified()));
    check_written_is_read(control, segment, traffic_class);
    return 0;
}
