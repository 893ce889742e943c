// SPDX-License-Identifier: Apache-2.0
// The UDP sockets against the real kernel, in a private network namespace: which socket of the
// group gets which message, trains both ways, packet info, TOS, and a port that is taken.
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <weft/sys/udp_group.hpp>

#include "private_netns.hpp"

namespace weft::sys {
namespace {

constexpr int kPatienceMs = 2000;  // loopback delivers at once; only a broken test waits

net::Endpoint loopback(net::Family family, std::uint16_t port) {
    return {*net::IpAddress::parse(family == net::Family::kIpv4 ? "127.0.0.1" : "::1"), port, 0};
}

/// A socket that is no member of the group.
UdpSocket make_sender(net::Family family) {
    const int domain = family == net::Family::kIpv4 ? AF_INET : AF_INET6;
    return UdpSocket{UniqueFd{::socket(domain, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)},
                     family};
}

std::vector<std::byte> message(std::uint8_t type, std::uint8_t index_byte, std::size_t size) {
    std::vector<std::byte> bytes(size, std::byte{0xa5});
    if (size > 0) {
        bytes[0] = std::byte{type};
    }
    if (size > 4) {
        bytes[4] = std::byte{index_byte};
    }
    return bytes;
}

struct Received {
    bool any = false;
    ReceivedTrain train;
    std::vector<std::byte> bytes;
};

Received receive(const UdpSocket& socket, int patience_ms) {
    Received out;
    pollfd wait{.fd = socket.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, patience_ms) != 1) {
        return out;
    }
    out.bytes.resize(kUdpReadMax);
    const IoResult result = socket.receive(out.bytes, out.train);
    out.any = result.ok();
    out.bytes.resize(out.train.size);
    return out;
}

class Group {
  public:
    explicit Group(unsigned workers, Offloads wish = {}) {
        UdpGroupConfig config;
        config.workers = workers;
        config.wish = wish;
        Result<UdpGroup> opened = UdpGroup::open(config);
        if (opened) {
            group = std::move(*opened);
        } else {
            ADD_FAILURE() << opened.error().message();
        }
    }

    void send(net::Family family, ConstBytes bytes, std::size_t segment, std::uint8_t tos = 0) {
        const UdpSocket sender = make_sender(family);
        net::Path path;
        path.remote = loopback(family, group.port);
        const IoResult sent = sender.send({bytes, segment, tos}, path);
        EXPECT_EQ(sent.error, 0) << std::strerror(sent.error);
        EXPECT_EQ(static_cast<std::size_t>(sent.size), bytes.size());
    }

    /// Takes one train from the socket where it belongs and sees that all others are empty.
    Received expect_at(net::Family family, std::size_t socket) {
        Received got = receive(at(family, socket), kPatienceMs);
        EXPECT_TRUE(got.any) << "nothing at socket " << socket;
        for (std::size_t i = 0; i <= group.workers.size() + 2; ++i) {
            if (i != socket) {
                EXPECT_FALSE(receive(at(family, i), 0).any) << "at " << i << " not " << socket;
            }
        }
        return got;
    }

    const UdpSocket& at(net::Family family, std::size_t socket) {
        const std::size_t workers = group.workers.size();
        const UdpPair& pair = socket == workers       ? group.lane
                              : socket == workers + 1 ? group.crowd
                              : socket == workers + 2 ? group.gossip
                                                      : group.workers.at(socket);
        return pair.of(family);
    }

    UdpGroup group;
};

constexpr net::Family kFamilies[] = {net::Family::kIpv4, net::Family::kIpv6};

TEST(UdpGroup, SteersByReceiverIndex) {
    WEFT_ENTER_PRIVATE_NETNS();
    Group group{3};
    ASSERT_TRUE(group.group.steered);
    ASSERT_EQ(group.group.workers.size(), 3U);
    for (const net::Family family : kFamilies) {
        ASSERT_TRUE(group.at(family, 0).valid());
        for (unsigned index = 0; index < 256; ++index) {
            const auto data = message(4, static_cast<std::uint8_t>(index), 32);
            group.send(family, data, data.size());
            EXPECT_EQ(group.expect_at(family, (index & 0x0f) % 3).bytes, data);
        }
        constexpr std::size_t kLane = 3;
        constexpr std::size_t kCrowd = 4;
        for (const int type : {0, 1, 2, 3, 5, 15, 32, 255}) {
            const auto other = message(static_cast<std::uint8_t>(type), 1, 148);
            group.send(family, other, other.size());
            const bool known = type == 1 || type == 2 || type == 3;
            EXPECT_EQ(group.expect_at(family, known ? kLane : kCrowd).bytes, other);
        }
    }
}

TEST(UdpGroup, SteersInitiationsWithoutMac2ToTheCrowd) {
    WEFT_ENTER_PRIVATE_NETNS();
    Group group{2};
    constexpr std::size_t kLane = 2;
    constexpr std::size_t kCrowd = 3;
    constexpr std::size_t kMac2At = 132;
    for (const net::Family family : kFamilies) {
        auto initiation = message(1, 1, 148);
        group.send(family, initiation, initiation.size());
        group.expect_at(family, kLane);
        std::fill(initiation.begin() + kMac2At, initiation.end(), std::byte{});
        group.send(family, initiation, initiation.size());
        group.expect_at(family, kCrowd);
        initiation[kMac2At + 3] = std::byte{1};
        group.send(family, initiation, initiation.size());
        group.expect_at(family, kLane);
        for (const std::size_t size : {132U, 147U, 149U}) {
            group.send(family, message(1, 1, size), size);
            group.expect_at(family, kCrowd);
        }
    }
}

TEST(UdpGroup, SteersGossipToTheControlThread) {
    WEFT_ENTER_PRIVATE_NETNS();
    Group group{3};
    ASSERT_TRUE(group.group.steered);
    constexpr std::size_t kCrowd = 4;
    constexpr std::size_t kGossip = 5;
    for (const net::Family family : kFamilies) {
        for (int type = 5; type < 256; ++type) {
            const bool gossip = type >= 0x10 && type <= 0x1f;
            const auto datagram = message(static_cast<std::uint8_t>(type), 1, 64);
            group.send(family, datagram, datagram.size());
            EXPECT_EQ(group.expect_at(family, gossip ? kGossip : kCrowd).bytes, datagram);
        }
        for (const std::uint8_t type : std::array<std::uint8_t, 3>{0x10, 0x11, 0x1f}) {
            for (const std::size_t size : {1U, 4U, 8U, 32U, 148U, 1400U, 9000U}) {
                const auto datagram = message(type, 2, size);
                group.send(family, datagram, size);
                EXPECT_EQ(group.expect_at(family, kGossip).bytes, datagram) << size;
            }
        }
    }
}

TEST(UdpGroup, ReceivesTrainsOfGossip) {
    WEFT_ENTER_PRIVATE_NETNS();
    Group group{2};
    if (!group.group.gso || !group.group.gro) {
        GTEST_SKIP() << "this kernel has no UDP_SEGMENT or no UDP_GRO";
    }
    for (const net::Family family : kFamilies) {
        std::vector<std::byte> train;
        for (const std::size_t size : {600U, 600U, 100U}) {
            const auto part = message(0x10, 1, size);
            train.insert(train.end(), part.begin(), part.end());
        }
        group.send(family, train, 600);
        const Received got = group.expect_at(family, 4);
        EXPECT_EQ(got.bytes, train);
        EXPECT_EQ(got.train.segment, 600U);
    }
}

TEST(UdpGroup, KeepsABurstOfGossip) {
    WEFT_ENTER_PRIVATE_NETNS();
    Group group{1};
    const auto datagram = message(0x10, 0, 1400);
    constexpr int kBurst = 400;
    for (int i = 0; i < kBurst; ++i) {
        group.send(net::Family::kIpv4, datagram, datagram.size());
    }
    int received = 0;
    while (receive(group.group.gossip.v4, 0).any) {
        received += 1;
    }
    EXPECT_EQ(received, kBurst);
}

TEST(UdpGroup, SteersShortDatagrams) {
    WEFT_ENTER_PRIVATE_NETNS();
    Group group{3};
    for (const net::Family family : kFamilies) {
        for (std::size_t size = 0; size <= 8; ++size) {
            group.send(family, message(4, 2, size), size);
            group.expect_at(family, size < 8 ? 0 : 2);
        }
        group.send(family, message(1, 2, 1), 1);
        group.expect_at(family, 4);
    }
}

TEST(UdpGroup, EveryNumberOfWorkersIsSteered) {
    WEFT_ENTER_PRIVATE_NETNS();
    for (unsigned workers = 1; workers <= 15; ++workers) {
        Group group{workers};
        ASSERT_TRUE(group.group.steered);
        for (std::uint8_t index = 0; index < 16; ++index) {
            group.send(net::Family::kIpv4, message(4, index, 32), 32);
            group.expect_at(net::Family::kIpv4, index % workers);
        }
        group.send(net::Family::kIpv4, message(2, 0, 92), 92);
        group.expect_at(net::Family::kIpv4, workers);
        group.send(net::Family::kIpv4, message(5, 0, 92), 92);
        group.expect_at(net::Family::kIpv4, workers + 1);
        group.send(net::Family::kIpv4, message(0x10, 0, 92), 92);
        group.expect_at(net::Family::kIpv4, workers + 2);
    }
}

TEST(UdpGroup, TrainsArriveWhole) {
    WEFT_ENTER_PRIVATE_NETNS();
    Group group{3};
    if (!group.group.gso || !group.group.gro) {
        GTEST_SKIP() << "this kernel has no UDP_SEGMENT or no UDP_GRO";
    }
    for (const net::Family family : kFamilies) {
        std::vector<std::byte> train;
        for (int i = 0; i < 9; ++i) {
            const auto part = message(4, 1, i < 8 ? 1000 : 300);
            train.insert(train.end(), part.begin(), part.end());
        }
        group.send(family, train, 1000, 0x02);
        const Received got = group.expect_at(family, 1);
        EXPECT_EQ(got.bytes, train);
        EXPECT_EQ(got.train.segment, 1000U);
        EXPECT_EQ(got.train.traffic_class, 0x02);
        EXPECT_FALSE(got.train.truncated);
    }
}

TEST(UdpGroup, LargestTrainArrives) {
    WEFT_ENTER_PRIVATE_NETNS();
    Group group{1};
    if (!group.group.gso || !group.group.gro) {
        GTEST_SKIP() << "this kernel has no UDP_SEGMENT or no UDP_GRO";
    }
    for (const net::Family family : kFamilies) {
        const std::size_t segment = (kTrainBytesMax + kTrainSegmentsMax - 1) / kTrainSegmentsMax;
        const auto train = message(4, 0, kTrainBytesMax);
        group.send(family, train, segment);
        const Received got = group.expect_at(family, 0);
        EXPECT_EQ(got.bytes, train);
        EXPECT_EQ(got.train.segment, segment);
    }
}

TEST(UdpGroup, WithoutGroEachDatagramIsItsOwn) {
    WEFT_ENTER_PRIVATE_NETNS();
    Offloads wish;
    wish.udp_gro = false;
    Group group{2, wish};
    EXPECT_FALSE(group.group.gro);
    if (!group.group.gso) {
        GTEST_SKIP() << "this kernel has no UDP_SEGMENT";
    }
    const auto train = message(4, 1, 500);
    group.send(net::Family::kIpv4, train, 200);
    for (const std::size_t size : {200U, 200U, 100U}) {
        const Received got = receive(group.at(net::Family::kIpv4, 1), kPatienceMs);
        ASSERT_TRUE(got.any);
        EXPECT_EQ(got.train.size, size);
        EXPECT_EQ(got.train.segment, size);
    }
}

TEST(UdpGroup, TellsPathAndTrafficClassAndAnswersFromThere) {
    WEFT_ENTER_PRIVATE_NETNS();
    Group group{1};
    for (const net::Family family : kFamilies) {
        const UdpSocket sender = make_sender(family);
        net::Path to;
        to.remote = loopback(family, group.group.port);
        if (family == net::Family::kIpv4) {
            to.remote.address = *net::IpAddress::parse("127.0.0.9");  // not what routing would pick
        }
        const auto bytes = message(1, 0, 148);
        ASSERT_TRUE(sender.send({bytes, bytes.size(), 0x88}, to).ok());
        const Received got = group.expect_at(family, 1);
        EXPECT_EQ(got.train.traffic_class, 0x88);
        EXPECT_EQ(got.train.path.source, to.remote.address);
        EXPECT_EQ(got.train.path.source_interface, ::if_nametoindex("lo"));
        EXPECT_EQ(got.train.path.remote.scope_id, 0U);

        const IoResult sent =
            group.group.lane.of(family).send({bytes, bytes.size(), 0}, got.train.path);
        ASSERT_EQ(sent.error, 0) << std::strerror(sent.error);
        const Received answer = receive(sender, kPatienceMs);
        ASSERT_TRUE(answer.any);
        EXPECT_EQ(answer.train.path.remote, to.remote);
    }
}

TEST(UdpGroup, ReceivesManyAtOnce) {
    WEFT_ENTER_PRIVATE_NETNS();
    Group group{1};
    constexpr std::size_t kRoom = 200;
    std::vector<std::byte> buffer(4 * kRoom);
    std::array<ReceivedTrain, 4> trains;
    for (const net::Family family : kFamilies) {
        const UdpSocket& lane = group.group.lane.of(family);
        EXPECT_TRUE(lane.receive_many(buffer, trains).would_block());
        const std::array<std::size_t, 5> sizes{100, 201, 0, 200, 7};
        for (const std::size_t size : sizes) {
            group.send(family, message(2, 0, size), size);
        }
        // An empty datagram is no response: four are here.
        const IoResult got = lane.receive_many(buffer, trains);
        ASSERT_TRUE(got.ok());
        ASSERT_EQ(got.size, 4);
        for (std::size_t i = 0; i < trains.size(); ++i) {
            constexpr std::array<std::size_t, 4> kSeen{100, kRoom, 200, 7};
            EXPECT_EQ(trains[i].size, kSeen[i]);
            EXPECT_EQ(trains[i].truncated, i == 1);
            const auto sent = message(2, 0, kSeen[i]);
            EXPECT_TRUE(std::equal(sent.begin(), sent.end(), &buffer[i * kRoom]));
            EXPECT_TRUE(trains[i].path.remote.address.is_loopback());
        }
        EXPECT_TRUE(lane.receive_many(buffer, trains).would_block());
    }
}

TEST(UdpGroup, ReportsTruncationAndEmptiness) {
    WEFT_ENTER_PRIVATE_NETNS();
    Group group{1};
    const UdpSocket& worker = group.group.workers[0].v4;
    ReceivedTrain train;
    std::vector<std::byte> buffer(100);
    EXPECT_TRUE(worker.receive(buffer, train).would_block());
    group.send(net::Family::kIpv4, message(4, 0, 101), 101);
    EXPECT_TRUE(worker.receive(buffer, train).ok());
    EXPECT_TRUE(train.truncated);
    group.send(net::Family::kIpv4, message(4, 0, 100), 100);
    EXPECT_TRUE(worker.receive(buffer, train).ok());
    EXPECT_FALSE(train.truncated);
}

TEST(UdpGroup, RefusesTheOtherFamily) {
    const UdpSocket sender = make_sender(net::Family::kIpv4);
    net::Path path;
    path.remote = loopback(net::Family::kIpv6, 9);
    EXPECT_EQ(sender.send({bytes_of("x"), 1, 0}, path).error, EAFNOSUPPORT);
}

TEST(UdpGroup, FindsThePortInUse) {
    WEFT_ENTER_PRIVATE_NETNS();
    const Group first{2};
    UdpGroupConfig config;
    config.workers = 2;
    config.port = first.group.port;
    const Result<UdpGroup> second = UdpGroup::open(config);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code.value(), EADDRINUSE);
    EXPECT_NE(second.error().cause.find("is in use"), std::string::npos);
    EXPECT_NE(second.error().remedy.find("ss -lunp"), std::string::npos);
}

TEST(UdpGroup, FindsThePortInUseByIpv6Alone) {
    WEFT_ENTER_PRIVATE_NETNS();
    const UdpSocket other = make_sender(net::Family::kIpv6);
    const int on = 1;
    ASSERT_EQ(::setsockopt(other.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on), 0);
    ASSERT_EQ(::setsockopt(other.fd(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(51840);
    ASSERT_EQ(::bind(other.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    UdpGroupConfig config;
    config.port = 51840;
    const Result<UdpGroup> group = UdpGroup::open(config);
    ASSERT_FALSE(group);
    EXPECT_EQ(group.error().code.value(), EADDRINUSE);
}

TEST(UdpGroup, PortCanBeTakenAgainAfterClosing) {
    WEFT_ENTER_PRIVATE_NETNS();
    UdpGroupConfig config;
    config.port = 51840;
    config.workers = 4;
    for (int i = 0; i < 3; ++i) {
        const Result<UdpGroup> group = UdpGroup::open(config);
        ASSERT_TRUE(group) << group.error().message();
        EXPECT_EQ(group->port, 51840);
    }
}

TEST(UdpGroup, SetsTheFwmark) {
    WEFT_ENTER_PRIVATE_NETNS();
    UdpGroupConfig config;
    config.workers = 2;
    config.fwmark = 0xca6c;
    Result<UdpGroup> group = UdpGroup::open(config);
    ASSERT_TRUE(group);
    const auto mark_of = [](const UdpSocket& socket) {
        unsigned mark = 0;
        socklen_t size = sizeof mark;
        EXPECT_EQ(::getsockopt(socket.fd(), SOL_SOCKET, SO_MARK, &mark, &size), 0);
        return mark;
    };
    EXPECT_EQ(mark_of(group->workers[1].v6), 0xca6cU);
    EXPECT_EQ(mark_of(group->lane.v4), 0xca6cU);
    EXPECT_EQ(mark_of(group->gossip.v6), 0xca6cU);
    ASSERT_TRUE(group->set_fwmark(7));
    EXPECT_EQ(mark_of(group->workers[0].v4), 7U);
    EXPECT_EQ(mark_of(group->lane.v6), 7U);
    EXPECT_EQ(mark_of(group->crowd.v4), 7U);
    EXPECT_EQ(mark_of(group->gossip.v4), 7U);
    EXPECT_EQ(mark_of(group->gossip.v6), 7U);
}

TEST(UdpGroup, RefusesNonsense) {
    UdpGroupConfig config;
    config.workers = 0;
    EXPECT_FALSE(UdpGroup::open(config));
    config.workers = 16;
    EXPECT_FALSE(UdpGroup::open(config));
}

}  // namespace
}  // namespace weft::sys
