// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a stream of opened packets, most of one flow, some changed by the input. Each run
// that the merger writes splits again into exactly the packets that went in, and holds nothing that
// the kernel's GRO keeps apart (net/ipv4/tcp_offload.c, udp_offload.c, af_inet.c inet_gro_receive).
#include "merge.hpp"

#include <weft/net/checksum.hpp>

#include "fuzz.hpp"
#include "packets.hpp"
#include "super_packet.hpp"

namespace {

using weft::ConstBytes;
using weft::dataplane::Merger;
using weft::dataplane::SuperPacket;
using weft::fuzz::Buffer;
using weft::net::IpView;
using weft::test::join;
using weft::test::PacketSpec;

constexpr std::size_t kPacketsMax = 200;

/// Right checksums for whatever the packet is now.
void fix_checksums(Buffer& packet, const IpView& ip) {
    const std::size_t l4 = ip.header_size();
    if (ip.is_v4()) {
        weft::net::write_ipv4_checksum(weft::Bytes{packet}.first(l4));
    }
    const bool tcp = ip.protocol() == weft::net::kProtocolTcp;
    const bool udp = ip.protocol() == weft::net::kProtocolUdp;
    if ((tcp && packet.size() >= l4 + 20) ||
        (udp && packet.size() >= l4 + 8 && weft::load_be16(&packet[l4 + 6]) != 0)) {
        const std::size_t field = l4 + (tcp ? 16U : 6U);
        weft::store_be16(&packet[field], 0);
        const ConstBytes all{packet};
        const std::uint16_t sum = weft::test::complement_sum(
            all.subspan(l4),
            weft::test::slow_pseudo_sum(all, ip.is_v4(), ip.protocol(), packet.size() - l4));
        weft::store_be16(&packet[field], udp && sum == 0 ? std::uint16_t{0xffff} : sum);
    }
}

/// The next packet of the stream, cut to its length as the receiver does; may be none at all.
Buffer next_packet(weft::fuzz::Input& input, PacketSpec& stream) {
    const std::uint8_t change = input.u8();
    PacketSpec spec = stream;
    if (change % 8 == 4) {
        spec.payload = input.u8();
    } else if (change % 8 == 5) {
        spec.tcp_flags = input.u8();
    } else if (change % 8 == 6) {
        spec.source_port = input.u8();
    }
    Buffer packet = weft::test::build_packet(spec);
    if (change % 8 == 7) {
        const std::size_t at = input.u8() % packet.size();
        packet[at] ^= std::byte{input.u8()};
    }
    stream.seq = spec.seq + static_cast<std::uint32_t>(spec.payload);
    stream.id = static_cast<std::uint16_t>(spec.id + 1);
    stream.seed += 1;
    if (const auto ip = IpView::parse(packet)) {
        packet.resize(ip->total_size());
        fix_checksums(packet, *ip);
        if (change % 8 == 3 && ip->is_v4()) {
            packet[10] ^= std::byte{1};  // the kernel drops such a packet; merging would mend it
        }
    }
    return packet;
}

/// What GRO never puts in a run, whatever its neighbours are.
void check_may_merge(const Buffer& packet) {
    const auto ip = IpView::parse(packet);
    WEFT_FUZZ_CHECK(ip.has_value());
    if (ip->is_v4()) {
        WEFT_FUZZ_CHECK(ip->header_size() == 20 && (weft::load_be16(&packet[6]) & 0x3fffU) == 0);
    }
    const std::size_t l4 = ip->header_size();
    if (ip->protocol() == weft::net::kProtocolTcp) {
        const auto flags = std::to_integer<unsigned>(packet[l4 + 13]);
        WEFT_FUZZ_CHECK((flags & ~0x08U) == 0x10);  // ACK, perhaps PSH
    } else {
        WEFT_FUZZ_CHECK(ip->protocol() == weft::net::kProtocolUdp);
        WEFT_FUZZ_CHECK(weft::load_be16(&packet[l4 + 6]) != 0);
    }
}

/// The packets of one run, and as they were received.
struct Run {
    std::vector<Buffer> packets;
    std::vector<Buffer> received;

    void add(Buffer packet) {
        received.push_back(packet);
        packets.push_back(std::move(packet));  // a buffer that moves keeps its bytes in place
    }
};

void check_run(Merger& merger, Run& run) {
    WEFT_FUZZ_CHECK(merger.packets() == run.received.size());
    Buffer written = join(merger.finish());
    WEFT_FUZZ_CHECK(written.size() <= weft::sys::kVnetHeaderSize + Merger::kBytesMax);
    const auto super = SuperPacket::parse(written);
    WEFT_FUZZ_CHECK(super && super->segments() == run.received.size());
    for (std::uint32_t i = 0; i < super->segments(); ++i) {
        SuperPacket::Scratch scratch;
        const auto segment = super->segment(i, scratch);
        Buffer packet(segment.size());
        weft::copy_bytes(segment.payload, weft::copy_bytes(segment.head, packet));
        WEFT_FUZZ_CHECK(packet == run.received[i]);
        if (run.received.size() > 1) {
            check_may_merge(packet);
        }
    }
    for (std::size_t i = 0; run.received.size() > 1 && i < run.received.size(); ++i) {
        const Buffer single = join(merger.single(i));
        WEFT_FUZZ_CHECK(std::equal(single.begin() + weft::sys::kVnetHeaderSize,
                                   single.end(),
                                   run.received[i].begin(),
                                   run.received[i].end()));
    }
    merger.clear();
    run = {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Merger merger;
    weft::fuzz::Input input{data, size};
    const std::uint8_t kind = input.u8();
    PacketSpec stream{.v4 = (kind & 1U) != 0, .tcp = (kind & 2U) != 0};
    const Merger::Allowed allowed{.tcp = (kind & 4U) == 0, .udp = (kind & 8U) == 0};
    stream.payload = input.u16() % 3000;
    stream.seq = input.u32();
    stream.id = input.u16();
    stream.tcp_options = std::size_t{input.u8()} % 11 * 4;
    Run run;
    for (std::size_t n = 0; n < kPacketsMax && !input.empty(); ++n) {
        Buffer packet = next_packet(input, stream);
        const auto ip = IpView::parse(packet);
        if (!ip) {
            continue;
        }
        if (merger.empty() || !merger.try_append(packet, *ip, allowed)) {
            if (!merger.empty()) {
                check_run(merger, run);
            }
            merger.start(packet, *ip, allowed);
        }
        run.add(std::move(packet));
    }
    if (!merger.empty()) {
        check_run(merger, run);
    }
    return 0;
}
