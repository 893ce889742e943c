// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as a TUN read (vnet header and packet). Whatever is taken for a
// super-packet falls into segments that are slices of it, lose no byte, and are packets of their
// own with right lengths and checksums.
#include "super_packet.hpp"

#include <optional>

#include "fuzz.hpp"
#include "packets.hpp"

namespace {

using weft::ConstBytes;
using weft::dataplane::SuperPacket;
using weft::fuzz::Buffer;
using weft::test::PacketSpec;

constexpr std::size_t kPayloadMax = 4096;

struct Read {
    Buffer bytes;
    std::optional<PacketSpec> spec;  // of one whose checksum field is right
};

/// A read that is right but for the header bytes that the input changes.
Read build_read(weft::fuzz::Input& input) {
    const std::uint8_t kind = input.u8();
    PacketSpec spec{.v4 = (kind & 1U) != 0, .tcp = (kind & 2U) != 0};
    spec.payload = input.u16() % kPayloadMax;
    spec.seq = input.u32();
    spec.id = input.u16();
    spec.tcp_flags = input.u8();
    spec.tcp_options = std::size_t{input.u8()} % 11 * 4;
    const std::uint16_t gso = input.u16();
    Read read{weft::test::tun_read(spec, weft::test::build_packet(spec), gso), spec};
    while (!input.empty()) {
        const std::size_t at = input.u8() % read.bytes.size();
        read.bytes[at] ^= std::byte{input.u8()};
        read.spec.reset();
    }
    return read;
}

Buffer join(const SuperPacket::Segment& segment) {
    Buffer whole(segment.size());
    weft::copy_bytes(segment.payload, weft::copy_bytes(segment.head, whole));
    return whole;
}

void check_segment(const Buffer& segment, const std::optional<PacketSpec>& spec) {
    const auto ip = weft::net::IpView::parse(segment);
    WEFT_FUZZ_CHECK(ip && ip->total_size() == segment.size());
    const ConstBytes bytes{segment};
    if (ip->is_v4()) {
        WEFT_FUZZ_CHECK(weft::test::slow_checksum(bytes.first(ip->header_size())) == 0xffff);
    }
    if (spec) {
        const ConstBytes l4 = bytes.subspan(ip->header_size());
        const auto pseudo = weft::test::slow_pseudo_sum(bytes, spec->v4, ip->protocol(), l4.size());
        WEFT_FUZZ_CHECK(weft::test::slow_checksum(l4, pseudo) == 0xffff);
    }
}

void check_super(const SuperPacket& super, const std::optional<PacketSpec>& spec) {
    const ConstBytes packet = super.packet();
    const std::byte* next = nullptr;  // where the next payload must begin
    std::size_t size_of_first = 0;
    WEFT_FUZZ_CHECK(super.segments() >= 1 && super.segments() <= packet.size());
    for (std::uint32_t i = 0; i < super.segments(); ++i) {
        SuperPacket::Scratch scratch;
        const auto segment = super.segment(i, scratch);
        WEFT_FUZZ_CHECK(segment.size() == super.segment_size(i) && !segment.payload.empty());
        if (i == 0) {
            next = packet.data() + segment.head.size();
            size_of_first = segment.size();
        }
        WEFT_FUZZ_CHECK(segment.payload.data() == next);
        next += segment.payload.size();
        const bool is_last = i + 1 == super.segments();
        WEFT_FUZZ_CHECK(is_last ? segment.size() <= size_of_first
                                : segment.size() == size_of_first);
        if (super.segments() > 1 || !segment.head.empty()) {
            check_segment(join(segment), spec);
        }
    }
    WEFT_FUZZ_CHECK(next == packet.data() + packet.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weft::fuzz::Input input{data, size};
    const bool raw = (input.u8() & 1U) != 0;
    Read read = raw ? Read{weft::fuzz::copy_of(input.rest()), {}} : build_read(input);
    const auto super = SuperPacket::parse(read.bytes);
    if (!super) {
        return 0;
    }
    check_super(*super, read.spec);
    const Buffer once = read.bytes;  // parsing again finds the same and changes nothing
    const auto again = SuperPacket::parse(read.bytes);
    WEFT_FUZZ_CHECK(again && again->segments() == super->segments() && once == read.bytes);
    return 0;
}
