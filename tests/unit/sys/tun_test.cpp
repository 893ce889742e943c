// SPDX-License-Identifier: Apache-2.0
// The TUN device against the real kernel, in a private network namespace: packets both ways with
// their vnet header, super-packets as the offloads wish, and what a taken name says.
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <weft/sys/tun.hpp>

#include "private_netns.hpp"

namespace weft::sys {
namespace {

constexpr int kPatienceMs = 2000;
constexpr std::size_t kIpHeader = 20;
constexpr std::size_t kUdpHeader = 8;
constexpr std::uint16_t kOurPort = 5000;
constexpr std::uint16_t kTheirPort = 6000;

sockaddr_in ipv4(const char* text, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, text, &address.sin_addr);
    return address;
}

/// 10.77.0.1/24 on the device, and up.
bool configure(const Tun& tun) {
    const UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request{};
    std::strncpy(request.ifr_name, tun.name().c_str(), IFNAMSIZ - 1);
    const sockaddr_in address = ipv4("10.77.0.1", 0);
    std::memcpy(&request.ifr_addr, &address, sizeof address);
    if (::ioctl(fd.get(), SIOCSIFADDR, &request) != 0) {
        return false;
    }
    const sockaddr_in mask = ipv4("255.255.255.0", 0);
    std::memcpy(&request.ifr_netmask, &mask, sizeof mask);
    return ::ioctl(fd.get(), SIOCSIFNETMASK, &request) == 0 &&
           test::PrivateNetns::bring_up(tun.name().c_str());
}

/// A kernel UDP socket on our side, connected to the far side of the tunnel.
UniqueFd make_inner_socket(int segment) {
    UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    const sockaddr_in ours = ipv4("10.77.0.1", kOurPort);
    const sockaddr_in theirs = ipv4("10.77.0.2", kTheirPort);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&ours), sizeof ours), 0);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&theirs), sizeof theirs), 0);
    if (segment != 0) {
        EXPECT_EQ(::setsockopt(fd.get(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment), 0);
    }
    return fd;
}

struct Packet {
    VnetHeader header;
    std::vector<std::byte> bytes;
};

/// The next IPv4 UDP packet of any queue (the kernel sends router solicitations too).
std::optional<Packet> read_udp(Tun& tun) {
    std::vector<std::byte> buffer(kTunReadMax);
    for (;;) {
        std::vector<pollfd> wait;
        for (const TunQueue& queue : tun.queues()) {
            wait.push_back({.fd = queue.fd(), .events = POLLIN, .revents = 0});
        }
        if (::poll(wait.data(), wait.size(), kPatienceMs) <= 0) {
            return std::nullopt;
        }
        for (const TunQueue& queue : tun.queues()) {
            const IoResult got = queue.read(buffer);
            const auto size = static_cast<std::size_t>(got.size);
            if (got.ok() && size > kVnetHeaderSize + kIpHeader + kUdpHeader &&
                buffer[kVnetHeaderSize] == std::byte{0x45} &&
                buffer[kVnetHeaderSize + 9] == std::byte{IPPROTO_UDP}) {
                const auto begin = buffer.begin();
                return Packet{VnetHeader::decode(buffer),
                              {begin + kVnetHeaderSize, begin + static_cast<std::ptrdiff_t>(size)}};
            }
        }
    }
}

/// The answer to `packet`: addresses and ports swapped (which leaves both checksums right).
std::vector<std::byte> turn_round(std::vector<std::byte> packet) {
    const auto at = packet.begin();
    std::swap_ranges(at + 12, at + 16, at + 16);
    std::swap_ranges(at + 20, at + 22, at + 22);
    return packet;
}

class TunTest : public testing::Test {
  protected:
    Result<Tun> create(unsigned queues, const Offloads& wish) {
        return Tun::create("weft0", queues, wish);
    }
};

#define WEFT_REQUIRE_TUN(tun)                                         \
    if (!(tun) && (tun).error().code.value() != EBUSY) {              \
        GTEST_SKIP() << "no TUN device: " << (tun).error().message(); \
    }                                                                 \
    static_assert(true)

TEST_F(TunTest, CarriesPacketsBothWays) {
    WEFT_ENTER_PRIVATE_NETNS();
    Result<Tun> tun = create(2, {});
    WEFT_REQUIRE_TUN(tun);
    EXPECT_EQ(tun->queues().size(), 2U);
    EXPECT_EQ(tun->ifindex(), ::if_nametoindex("weft0"));
    ASSERT_TRUE(configure(*tun));
    const UniqueFd inner = make_inner_socket(0);
    const char text[] = "to the far side";
    ASSERT_EQ(::send(inner.get(), text, sizeof text, 0), static_cast<ssize_t>(sizeof text));
    const std::optional<Packet> out = read_udp(*tun);
    ASSERT_TRUE(out);
    EXPECT_EQ(out->bytes.size(), kIpHeader + kUdpHeader + sizeof text);
    EXPECT_TRUE(out->header.needs_csum());  // TUN_F_CSUM: the checksum is left to us
    EXPECT_EQ(out->header.gso_type, GsoType::kNone);
    EXPECT_EQ(out->header.csum_start, kIpHeader);
    EXPECT_EQ(out->header.csum_offset, 6);

    std::vector<std::byte> back = turn_round(out->bytes);
    ByteArray<kVnetHeaderSize> header{};
    out->header.encode(header);
    const iovec parts[] = {{header.data(), header.size()}, {back.data(), back.size()}};
    const IoResult written = tun->queues()[1].write(parts);
    ASSERT_EQ(written.error, 0) << std::strerror(written.error);
    EXPECT_EQ(static_cast<std::size_t>(written.size), kVnetHeaderSize + back.size());
    pollfd wait{.fd = inner.get(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&wait, 1, kPatienceMs), 1);
    char answer[64] = {};
    ASSERT_EQ(::recv(inner.get(), answer, sizeof answer, 0), static_cast<ssize_t>(sizeof text));
    EXPECT_STREQ(answer, text);
}

TEST_F(TunTest, EmptyQueueWouldBlock) {
    WEFT_ENTER_PRIVATE_NETNS();
    Result<Tun> tun = create(1, {});
    WEFT_REQUIRE_TUN(tun);
    std::vector<std::byte> buffer(kTunReadMax);
    EXPECT_TRUE(tun->queues()[0].read(buffer).would_block());
}

TEST_F(TunTest, SuperPacketsFollowTheWish) {
    WEFT_ENTER_PRIVATE_NETNS();
    for (const bool uso : {true, false}) {
        Offloads wish;
        wish.tun_uso = uso;
        Result<Tun> tun = create(2, wish);
        WEFT_REQUIRE_TUN(tun);
        EXPECT_TRUE(tun->tso());
        if (uso && !tun->uso()) {
            continue;  // before Linux 6.2
        }
        EXPECT_EQ(tun->uso(), uso);
        ASSERT_TRUE(configure(*tun));
        const UniqueFd inner = make_inner_socket(1000);
        const std::vector<char> payload(3500, 'x');
        ASSERT_EQ(::send(inner.get(), payload.data(), payload.size(), 0), 3500);
        const std::optional<Packet> first = read_udp(*tun);
        ASSERT_TRUE(first);
        EXPECT_EQ(first->header.gso_type, uso ? GsoType::kUdp : GsoType::kNone);
        EXPECT_EQ(first->bytes.size(), kIpHeader + kUdpHeader + (uso ? 3500 : 1000));
        if (uso) {
            EXPECT_EQ(first->header.gso_size, 1000);
        }
    }
}

/// One of the device's own features, as `ethtool -k` reads it.
bool has_feature(const Tun& tun, std::uint32_t get) {
    const UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ethtool_value value{.cmd = get, .data = 0};
    ifreq request{};
    std::strncpy(request.ifr_name, tun.name().c_str(), IFNAMSIZ - 1);
    request.ifr_data = reinterpret_cast<char*>(&value);
    EXPECT_EQ(::ioctl(fd.get(), SIOCETHTOOL, &request), 0) << std::strerror(errno);
    return value.data != 0;
}

TEST_F(TunTest, FurtherQueuesKeepTheOffloadsOfTheDevice) {
    WEFT_ENTER_PRIVATE_NETNS();
    for (const unsigned queues : {1U, 2U, 4U}) {
        for (const bool wish : {true, false}) {
            const Result<Tun> tun = create(queues, {.tun_tso = wish, .tun_uso = wish});
            WEFT_REQUIRE_TUN(tun);
            EXPECT_TRUE(has_feature(*tun, ETHTOOL_GTXCSUM)) << queues;
            EXPECT_EQ(has_feature(*tun, ETHTOOL_GTSO), wish) << queues;
        }
    }
}

TEST_F(TunTest, EachOffloadHasItsSwitch) {
    WEFT_ENTER_PRIVATE_NETNS();
    for (const bool tso : {true, false}) {
        Offloads wish;
        wish.tun_tso = tso;
        wish.tun_uso = false;
        const Result<Tun> tun = create(1, wish);
        WEFT_REQUIRE_TUN(tun);
        EXPECT_EQ(tun->tso(), tso);
        EXPECT_FALSE(tun->uso());
    }
}

TEST_F(TunTest, TakenNameIsAnErrorAndNotAnAttachment) {
    WEFT_ENTER_PRIVATE_NETNS();
    Result<Tun> first = create(2, {});
    WEFT_REQUIRE_TUN(first);
    const Result<Tun> second = create(2, {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code.value(), EBUSY);
    EXPECT_NE(second.error().cause.find("weft0"), std::string::npos);
    EXPECT_FALSE(second.error().remedy.empty());
    const Result<Tun> loopback = Tun::create("lo", 1, {});
    ASSERT_FALSE(loopback);
    EXPECT_EQ(loopback.error().code.value(), EBUSY);
}

TEST_F(TunTest, GoesWithItsLastQueue) {
    WEFT_ENTER_PRIVATE_NETNS();
    {
        const Result<Tun> tun = create(4, {});
        WEFT_REQUIRE_TUN(tun);
        EXPECT_NE(::if_nametoindex("weft0"), 0U);
    }
    EXPECT_EQ(::if_nametoindex("weft0"), 0U);
}

std::vector<UniqueFd> duplicates(Tun& tun) {
    std::vector<UniqueFd> all;
    for (const TunQueue& queue : tun.queues()) {
        all.emplace_back(::fcntl(queue.fd(), F_DUPFD_CLOEXEC, 0));
    }
    return all;
}

TEST_F(TunTest, IsTakenOverWithItsAddressAndWhatWaits) {
    WEFT_ENTER_PRIVATE_NETNS();
    std::vector<UniqueFd> kept;
    unsigned ifindex = 0;
    {
        Result<Tun> first = create(2, {});
        WEFT_REQUIRE_TUN(first);
        ASSERT_TRUE(configure(*first));
        ifindex = first->ifindex();
        kept = duplicates(*first);
    }
    const UniqueFd inner = make_inner_socket(0);  // so the address is still there
    ASSERT_EQ(::send(inner.get(), "waits", 5, 0), 5);
    ASSERT_EQ(::fcntl(kept[1].get(), F_SETFL, O_RDWR), 0);  // as it may have become on the way
    Result<Tun> second = Tun::adopt(std::move(kept), "weft0", 2, {.tun_tso = false});
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_EQ(second->ifindex(), ifindex);
    EXPECT_EQ(second->queues().size(), 2U);
    EXPECT_FALSE(second->tso());
    const std::optional<Packet> waited = read_udp(*second);
    ASSERT_TRUE(waited);
    EXPECT_EQ(waited->bytes.size(), kIpHeader + kUdpHeader + 5);
    std::vector<std::byte> buffer(kTunReadMax);
    bool would_block = false;
    for (int i = 0; i < 100 && !would_block; ++i) {  // the kernel's own of IPv6 may be there
        would_block = second->queues()[1].read(buffer).would_block();
    }
    EXPECT_TRUE(would_block);
}

TEST_F(TunTest, IsNotTakenOverAsAnother) {
    WEFT_ENTER_PRIVATE_NETNS();
    Result<Tun> tun = create(2, {});
    WEFT_REQUIRE_TUN(tun);
    const auto adopt = [&](std::vector<UniqueFd> kept, const char* name, unsigned queues) {
        const Result<Tun> adopted = Tun::adopt(std::move(kept), name, queues, {});
        return adopted ? "" : adopted.error().cause;
    };
    EXPECT_EQ(adopt(duplicates(*tun), "weft1", 2), "it is weft0, not weft1");
    EXPECT_EQ(adopt(duplicates(*tun), "weft0", 4), "it has 2 queues, not 4");
    EXPECT_EQ(adopt({}, "weft0", 0), "it has 0 queues, not 0");
    std::vector<UniqueFd> other;
    other.emplace_back(::open("/dev/null", O_RDWR | O_CLOEXEC));
    EXPECT_NE(adopt(std::move(other), "weft0", 1), "");
    std::vector<UniqueFd> unattached;
    unattached.emplace_back(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    EXPECT_EQ(adopt(std::move(unattached), "weft0", 1), "the interface was removed");
    EXPECT_EQ(adopt(duplicates(*tun), "weft0", 2), "");
}

TEST_F(TunTest, RefusesNonsense) {
    for (const char* name : {"", ".", "..", "a/b", "a b", "a:b", "sixteen-letters-"}) {
        const Result<Tun> tun = Tun::create(name, 1, {});
        ASSERT_FALSE(tun);
        EXPECT_EQ(tun.error().code.value(), EINVAL) << name;
    }
    EXPECT_FALSE(Tun::create("weft0", 0, {}));
    EXPECT_FALSE(Tun::create("weft0", 257, {}));
}

}  // namespace
}  // namespace weft::sys
