// SPDX-License-Identifier: Apache-2.0
// The UDP sockets of an earlier process, taken over with their places and what waits in them.
#include <array>
#include <string>
#include <utility>

#include <fcntl.h>

#include <gtest/gtest.h>

#include <weft/sys/udp_group.hpp>

#include "private_netns.hpp"

namespace weft::sys {
namespace {

UdpGroup open_group(unsigned workers) {
    UdpGroupConfig config;
    config.workers = workers;
    Result<UdpGroup> opened = UdpGroup::open(config);
    EXPECT_TRUE(opened);
    return std::move(*opened);
}

/// As a service manager has them.
KeptSockets duplicates(const UdpGroup& group) {
    KeptSockets kept;
    for (const int fd : group.members(net::Family::kIpv4)) {
        kept.v4.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    }
    for (const int fd : group.members(net::Family::kIpv6)) {
        kept.v6.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    }
    return kept;
}

/// A message of this type for this receiver index, over IPv6 from a socket of its own.
void send_to(std::uint16_t port, std::uint8_t type, std::uint8_t index) {
    const UdpGroup sender = open_group(1);
    std::array<std::byte, 64> message{};
    message[0] = std::byte{type};
    message[4] = std::byte{index};
    net::Path path;
    path.remote = {*net::IpAddress::parse("::1"), port, 0};
    EXPECT_TRUE(sender.lane.v6.send({message, message.size(), 0}, path).ok());
}

bool has_one(const UdpPair& pair) {
    std::array<std::byte, 64> buffer{};
    ReceivedTrain train;
    return pair.v6.receive(buffer, train).ok() && pair.v6.receive(buffer, train).would_block();
}

TEST(UdpGroupAdopt, TakesPlacesAndWhatWaits) {
    WEFT_ENTER_PRIVATE_NETNS();
    KeptSockets kept;
    UdpGroupConfig config;
    config.workers = 3;
    {
        const UdpGroup first = open_group(3);
        config.port = first.port;
        send_to(first.port, 4, 2);
        kept = duplicates(first);
    }
    ASSERT_EQ(::fcntl(kept.v6[1].get(), F_SETFL, O_RDWR), 0);  // blocking, as it may have become
    const Result<UdpGroup> second = UdpGroup::adopt(std::move(kept), config);
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_TRUE(second->steered);
    EXPECT_TRUE(has_one(second->workers[2]));
    send_to(config.port, 4, 1);
    EXPECT_TRUE(has_one(second->workers[1]));
    send_to(config.port, 2, 0);
    EXPECT_TRUE(has_one(second->lane));
    send_to(config.port, 0x10, 0);
    EXPECT_TRUE(has_one(second->gossip));
}

TEST(UdpGroupAdopt, RefusesAnotherGroup) {
    WEFT_ENTER_PRIVATE_NETNS();
    const UdpGroup group = open_group(2);
    const auto cause = [](KeptSockets kept, unsigned workers, std::uint16_t port) {
        UdpGroupConfig config;
        config.workers = workers;
        config.port = port;
        const Result<UdpGroup> adopted = UdpGroup::adopt(std::move(kept), config);
        return adopted ? std::string{} : adopted.error().cause;
    };
    EXPECT_EQ(cause(duplicates(group), 3, 0), "there are 5 sockets for IPv4, not 6");
    EXPECT_EQ(cause(duplicates(group), 2, 9),
              "it is port " + std::to_string(group.port) + ", not 9");
    KeptSockets one_family = duplicates(group);
    one_family.v6.clear();
    EXPECT_EQ(cause(std::move(one_family), 2, 0), "there are 0 sockets for IPv6, not 5");
    KeptSockets swapped = duplicates(group);
    std::swap(swapped.v4[4], swapped.v6[4]);
    EXPECT_NE(cause(std::move(swapped), 2, 0).find("no socket of IPv4"), std::string::npos);
    EXPECT_EQ(cause(duplicates(group), 2, 0), "");
}

}  // namespace
}  // namespace weft::sys
