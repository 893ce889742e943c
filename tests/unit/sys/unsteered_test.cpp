// SPDX-License-Identifier: Apache-2.0
// The UDP sockets where the kernel takes no steering program: one worker gets every datagram. A
// seccomp filter on a thread of the test's plays that kernel.
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <thread>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <gtest/gtest.h>

#include <weft/sys/udp_group.hpp>

#include "private_netns.hpp"

namespace weft::sys {
namespace {

/// For this thread and for ever: the kernel refuses steering programs. 0 or an errno.
int refuse_steering() {
    constexpr unsigned kLoad = BPF_LD | BPF_W | BPF_ABS;
    constexpr unsigned kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;
    constexpr unsigned kNameAt = offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t);
    std::array<sock_filter, 6> program{{
        {kLoad, 0, 0, offsetof(seccomp_data, nr)},
        {kIfEqual, 0, 3, __NR_setsockopt},
        {kLoad, 0, 0, kNameAt},  // its low half: our machines are little-endian
        {kIfEqual, 0, 1, SO_ATTACH_REUSEPORT_CBPF},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOPROTOOPT},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    }};
    const sock_fprog request{.len = static_cast<unsigned short>(program.size()),
                             .filter = program.data()};
    const bool done = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &request) == 0;
    return done ? 0 : errno;
}

/// Sends one datagram of `type` to the group's port over loopback; whether it comes to `socket`.
bool comes_to(const UdpSocket& socket, std::uint16_t port, std::uint8_t type) {
    const bool v4 = socket.family() == net::Family::kIpv4;
    const UdpSocket sender{
        UniqueFd{::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)}, socket.family()};
    std::array<std::byte, 148> datagram{};
    datagram[0] = std::byte{type};
    net::Path path;
    path.remote = {*net::IpAddress::parse(v4 ? "127.0.0.1" : "::1"), port, 0};
    EXPECT_TRUE(sender.send({datagram, datagram.size(), 0}, path).ok());
    pollfd wait{.fd = socket.fd(), .events = POLLIN, .revents = 0};
    std::array<std::byte, 200> buffer{};
    ReceivedTrain train;
    return ::poll(&wait, 1, 2000) == 1 && socket.receive(buffer, train).ok() &&
           train.size == datagram.size() && buffer[0] == datagram[0];
}

TEST(Unsteered, OneWorkerTakesEverything) {
    WEFT_ENTER_PRIVATE_NETNS();
    UdpGroupConfig config;
    config.workers = 3;
    Result<UdpGroup> group = invalid("not opened");
    int error = 0;
    std::thread{[&] {
        error = refuse_steering();
        group = UdpGroup::open(config);
    }}.join();
    if (error != 0) {
        GTEST_SKIP() << "no seccomp here: " << std::strerror(error);
    }
    ASSERT_TRUE(group) << group.error().message();
    EXPECT_FALSE(group->steered);
    ASSERT_EQ(group->workers.size(), 1U);
    for (const net::Family family : {net::Family::kIpv4, net::Family::kIpv6}) {
        for (const UdpPair* pair : {&group->lane, &group->crowd, &group->gossip}) {
            EXPECT_FALSE(pair->of(family).valid());
        }
        for (const std::uint8_t type : std::array<std::uint8_t, 4>{1, 4, 5, 0x10}) {
            EXPECT_TRUE(comes_to(group->workers[0].of(family), group->port, type)) << int{type};
        }
    }
    EXPECT_TRUE(group->set_fwmark(7));
}

}  // namespace
}  // namespace weft::sys
