// SPDX-License-Identifier: Apache-2.0
// See gossip_relay.hpp: a pair of sockets whose messages have the sender's endpoint before the
// datagram. SEQPACKET, for a pair of datagram sockets holds ten (net.unix.max_dgram_qlen).
#include <array>
#include <type_traits>

#include <sys/socket.h>
#include <sys/uio.h>

#include <weft/base/assert.hpp>
#include <weft/sys/gossip_relay.hpp>
#include <weft/sys/udp_group.hpp>

namespace weft::sys {
namespace {

static_assert(std::is_trivially_copyable_v<net::Endpoint>);  // it does not leave the process

bool is_gossip(ConstBytes datagram) {
    if (datagram.empty()) {
        return false;
    }
    const auto type = std::to_integer<std::uint8_t>(datagram[0]);
    return type >= kGossipTypesFirst && type <= kGossipTypesLast;
}

}  // namespace

GossipRelay::GossipRelay() {
    std::array<int, 2> pair{-1, -1};
    const int made =
        ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data());
    WEFT_ASSERT(made == 0);
    writer_ = UniqueFd{pair[0]};
    reader_ = UniqueFd{pair[1]};
}

bool GossipRelay::post(const net::Endpoint& from, ConstBytes datagram) const {
    if (!is_gossip(datagram) || datagram.size() > kDatagramMax) {
        return false;
    }
    net::Endpoint sender = from;
    std::array<iovec, 2> parts{iovec{&sender, sizeof sender},
                               iovec{const_cast<std::byte*>(datagram.data()), datagram.size()}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    return ::sendmsg(writer_.get(), &message, MSG_NOSIGNAL) > 0;
}

ConstBytes GossipRelay::take(net::Endpoint& from, Bytes buffer) const {
    std::array<iovec, 2> parts{iovec{&from, sizeof from}, iovec{buffer.data(), buffer.size()}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t got = ::recvmsg(reader_.get(), &message, 0);
    if (got <= static_cast<ssize_t>(sizeof from)) {
        return {};
    }
    return ConstBytes{buffer}.first(static_cast<std::size_t>(got) - sizeof from);
}

}  // namespace weft::sys
