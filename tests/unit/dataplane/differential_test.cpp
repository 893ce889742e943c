// SPDX-License-Identifier: Apache-2.0
// Merging against a slow twin and its own inverse: random streams of packets that differ in one
// thing or another go through the Merger as Inbound feeds it. What is written and split again must
// be the packets that came, to the byte and in order; and a run may hold only what the kernel's GRO
// would have put together (net/ipv4/af_inet.c inet_gro_receive, net/ipv6/ip6_offload.c,
// net/ipv4/tcp_offload.c, net/ipv4/udp_offload.c).

#include <gtest/gtest.h>

#include <weft/sys/tun.hpp>

#include "merge.hpp"
#include "packets.hpp"
#include "seed.hpp"
#include "split.hpp"

namespace weft::dataplane {
namespace {

using test::Buffer;
using test::PacketSpec;

constexpr Merger::Allowed kAll{.tcp = true, .udp = true};

/// What the Merger writes, run by run, of packets that arrive one after the other.
std::vector<std::vector<Buffer>> merge_and_split(const std::vector<Buffer>& stream) {
    std::vector<Buffer> packets = stream;  // merged in place
    std::vector<std::vector<Buffer>> runs;
    Merger merger;
    const auto finish = [&] {
        Buffer write = test::join(merger.finish());
        EXPECT_LE(write.size(), sys::kTunReadMax);
        runs.push_back(split(write));
        merger.clear();
    };
    for (Buffer& packet : packets) {
        const auto ip = net::IpView::parse(packet);
        if (!merger.try_append(packet, *ip, kAll)) {
            if (!merger.empty()) {
                finish();
            }
            merger.start(packet, *ip, kAll);
        }
    }
    finish();
    return runs;
}

// ---- The twin: may GRO put `b` behind `a`, of a run whose first packet is `first`? -------------

std::uint16_t field16(const Buffer& packet, std::size_t at) {
    return load_be16(&packet[at]);
}

bool gro_may_hold(const Buffer& packet, bool v4, bool tcp, std::size_t l4) {
    if (v4) {
        const bool plain = packet[0] == std::byte{0x45} && (field16(packet, 6) & 0x3fff) == 0;
        if (!plain || test::complement_sum(ConstBytes{packet}.first(20)) != 0) {
            return false;
        }
    }
    if (packet[v4 ? 9 : 6] != std::byte{tcp ? net::kProtocolTcp : net::kProtocolUdp}) {
        return false;
    }
    if (tcp) {
        const auto flags = std::to_integer<unsigned>(packet[l4 + 13]);
        return (flags & 0xe7U) == 0 && (flags & 0x10U) != 0;  // no CWR ECE URG RST SYN FIN; ACK
    }
    return field16(packet, l4 + 6) != 0 && field16(packet, l4 + 4) == packet.size() - l4;
}

std::size_t payload_of(const Buffer& packet, bool tcp, std::size_t l4) {
    const std::size_t headers =
        l4 + (tcp ? std::to_integer<std::size_t>(packet[l4 + 12] >> 4) * 4 : 8);
    return packet.size() - headers;
}

/// Two neighbours in one run, the `i`-th and the one before it.
void expect_gro_would(const std::vector<Buffer>& run, std::size_t i) {
    const Buffer& first = run[0];
    const Buffer& a = run[i - 1];
    const Buffer& b = run[i];
    const bool v4 = first[0] >> 4 == std::byte{4};
    const std::size_t l4 = v4 ? 20 : 40;
    const bool tcp = first[v4 ? 9 : 6] == std::byte{net::kProtocolTcp};
    ASSERT_TRUE(gro_may_hold(a, v4, tcp, l4) && gro_may_hold(b, v4, tcp, l4));
    ASSERT_EQ(a[0], b[0]);
    ASSERT_EQ(a[1], b[1]) << "traffic class";
    if (v4) {
        ASSERT_EQ(a[8], b[8]) << "TTL";
        ASSERT_EQ(field16(a, 6), field16(b, 6)) << "DF";
        ASSERT_EQ(static_cast<std::uint16_t>(field16(a, 4) + 1), field16(b, 4)) << "ID";
    } else {
        ASSERT_EQ(load_be32(a.data()), load_be32(b.data())) << "flow label";
        ASSERT_EQ(a[7], b[7]) << "hop limit";
    }
    const std::size_t addresses = v4 ? 12 : 8;
    ASSERT_TRUE(std::equal(a.begin() + static_cast<std::ptrdiff_t>(addresses),
                           a.begin() + static_cast<std::ptrdiff_t>(l4 + 4),
                           b.begin() + static_cast<std::ptrdiff_t>(addresses)))
        << "addresses or ports";
    const std::size_t size_a = payload_of(a, tcp, l4);
    const std::size_t size_b = payload_of(b, tcp, l4);
    ASSERT_EQ(size_a, payload_of(first, tcp, l4)) << "a shorter packet ends a run";
    ASSERT_TRUE(size_b > 0 && size_b <= size_a);
    if (tcp) {
        ASSERT_EQ(a[l4 + 13] & std::byte{0x08}, std::byte{0}) << "PSH ends a run";
        ASSERT_EQ(static_cast<std::uint32_t>(load_be32(&a[l4 + 4]) + size_a),
                  load_be32(&b[l4 + 4]));
        ASSERT_EQ(load_be32(&a[l4 + 8]), load_be32(&b[l4 + 8])) << "ack";
        const std::size_t end = a.size() - size_a;
        ASSERT_EQ(end, b.size() - size_b);
        ASSERT_TRUE(std::equal(a.begin() + static_cast<std::ptrdiff_t>(l4 + 20),
                               a.begin() + static_cast<std::ptrdiff_t>(end),
                               b.begin() + static_cast<std::ptrdiff_t>(l4 + 20)))
            << "options";
    } else {
        ASSERT_NE(field16(b, l4 + 2), 4789) << "VXLAN";
    }
}

// ---- The streams ------------------------------------------------------------------------------

/// Mostly the packet that follows; sometimes one with something wrong.
class Stream {
  public:
    explicit Stream(RandomSource& random) : random_(random) {
        spec_.v4 = random.below(2) == 0;
        spec_.tcp = random.below(2) == 0;
        spec_.payload = 1 + random.below(random.below(2) == 0 ? 40 : 1400);
        spec_.tcp_options = random.below(4) * 4;
        spec_.id = static_cast<std::uint16_t>(random.next_u32());
        spec_.seq = random.next_u32();
        spec_.traffic_class = static_cast<std::uint8_t>(random.below(4));
        spec_.destination_port = random.below(10) == 0 ? 4789 : 5201;
    }
    Buffer next() {
        PacketSpec spec = spec_;
        edit(spec);
        spec.seed = random_.next_u32();
        Buffer packet = test::build_packet(spec);
        break_bytes(spec, packet);
        spec_.seq += static_cast<std::uint32_t>(spec.payload);
        spec_.id = static_cast<std::uint16_t>(spec_.id + 1);
        return packet;
    }

  private:
    void edit(PacketSpec& spec) {
        constexpr std::array<std::uint8_t, 10> kFlags = {
            0x18, 0x18, 0x11, 0x12, 0x14, 0x30, 0x50, 0x90, 0x00, 0x19};
        switch (random_.below(40)) {
            case 0:
                spec.payload = random_.below(spec.payload + 3);
                break;
            case 1:
                spec.seq += static_cast<std::uint32_t>(random_.below(3));
                break;
            case 2:
                spec.id = static_cast<std::uint16_t>(spec.id + random_.below(3));
                break;
            case 3:
                spec.tcp_flags = kFlags[random_.below(kFlags.size())];
                break;
            case 4:
                spec.traffic_class = static_cast<std::uint8_t>(random_.next_u32());
                break;
            case 5:
                spec.source_port += 1;
                break;
            case 6:
                spec.tcp_options = random_.below(11) * 4;
                break;
            case 7:
                spec.tcp = !spec.tcp;
                break;
            case 8:
                spec.v4 = !spec.v4;
                break;
            default:
                break;
        }
    }
    /// A byte of the headers, with right or (where it does not matter to IP) wrong checksums.
    void break_bytes(const PacketSpec& spec, Buffer& packet) {
        const std::size_t l4 = test::l4_offset(spec);
        switch (random_.below(40)) {
            case 0: {  // TTL, addresses, ports, ack, window, options
                const std::size_t at = 6 + random_.below(test::header_bytes(spec) - 6);
                const bool is_length = !spec.tcp && (at == l4 + 4 || at == l4 + 5);
                const bool is_offset = spec.tcp && at == l4 + 12;
                const bool is_protocol = at == (spec.v4 ? 9U : 6U);
                if (!is_length && !is_offset && !is_protocol) {
                    packet[at] ^= static_cast<std::byte>(1U << random_.below(8));
                    test::fix_checksums(spec, packet);
                }
                break;
            }
            case 1:
                if (spec.v4) {
                    packet[10] ^= std::byte{1};
                }
                break;
            case 2:
                if (!spec.tcp) {
                    store_be16(&packet[l4 + 6], 0);  // no checksum
                }
                break;
            default:
                break;
        }
    }

    RandomSource& random_;
    PacketSpec spec_;
};

TEST(Differential, merging_and_splitting_again_is_identity_and_merges_what_gro_would) {
    SCOPED_TRACE(test::seed_text());
    SeededRandom random{test::seed()};
    std::size_t merged = 0;
    std::size_t apart = 0;
    for (int round = 0; round < test::rounds(600, 1'000'000); ++round) {
        std::array<Stream, 2> streams{Stream{random}, Stream{random}};
        std::vector<Buffer> packets;
        for (std::size_t n = 2 + random.below(80); n > 0; --n) {
            packets.push_back(streams[random.below(20) == 0 ? 1 : 0].next());
        }
        const auto runs = merge_and_split(packets);
        std::vector<Buffer> again;
        for (const auto& run : runs) {
            for (std::size_t i = 1; i < run.size(); ++i) {
                ASSERT_NO_FATAL_FAILURE(expect_gro_would(run, i)) << "round " << round;
            }
            merged += run.size() > 1 ? run.size() : 0U;
            apart += run.size() == 1 ? 1U : 0U;
            again.insert(again.end(), run.begin(), run.end());
        }
        ASSERT_EQ(again, packets) << "round " << round;
    }
    EXPECT_GT(merged, apart) << "else this has compared little";
    EXPECT_GT(apart, 1000U);
}

TEST(Differential, splitting_and_merging_again_is_identity) {
    SCOPED_TRACE(test::seed_text());
    SeededRandom random{test::seed()};
    for (int round = 0; round < test::rounds(250, 200'000); ++round) {
        PacketSpec spec;
        spec.v4 = random.below(2) == 0;
        spec.tcp = random.below(2) == 0;
        spec.tcp_options = random.below(11) * 4;
        spec.tcp_flags = random.below(2) == 0 ? 0x18 : 0x10;
        spec.seq = random.next_u32();
        spec.id = static_cast<std::uint16_t>(random.next_u32());
        spec.seed = random.next_u32();
        const auto gso = static_cast<std::uint16_t>(1 + random.below(1400));
        const std::size_t most = std::min<std::size_t>(std::size_t{gso} * 64, 65000);
        spec.payload = gso + 1 + random.below(most - gso);
        if (spec.payload > most) {
            continue;
        }
        const Buffer read = test::tun_read(spec, test::build_packet(spec), gso);
        Buffer copy = read;
        std::vector<Buffer> packets = split(copy);
        Merger merger;
        for (Buffer& packet : packets) {
            const auto ip = net::IpView::parse(packet);
            if (merger.empty()) {
                merger.start(packet, *ip, kAll);
            } else {
                ASSERT_TRUE(merger.try_append(packet, *ip, kAll)) << "round " << round;
            }
        }
        Buffer write = test::join(merger.finish());
        ASSERT_EQ(write, read) << "round " << round;
    }
}

}  // namespace
}  // namespace weft::dataplane
