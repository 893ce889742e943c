// SPDX-License-Identifier: Apache-2.0
// One recvmsg or sendmsg per train of datagrams: the outer end of the packet's way, both
// directions. Workers and the handshake lane, each on its own socket. Everything is on the stack.
// Kernel: net/ipv4/udp.c (udp_cmsg_send, udp_recvmsg), net/ipv4/udp_offload.c; udp(7), ip(7),
// ipv6(7).
#include <array>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <weft/base/assert.hpp>
#include <weft/sys/socket_address.hpp>
#include <weft/sys/udp_socket.hpp>

#include "control_message.hpp"
#include "retry.hpp"

namespace weft::sys {
namespace {

// GRO size, packet info, TOS; and as much again for what some administrator's cgroup program or
// a later kernel adds, so that MSG_CTRUNC never hides a train's segment size.
constexpr std::size_t kReceiveControlMax =
    2 *
    (control_space(sizeof(int)) + control_space(sizeof(in6_pktinfo)) + control_space(sizeof(int)));
constexpr std::size_t kSendControlMax = control_space(sizeof(std::uint16_t)) +
                                        control_space(sizeof(in6_pktinfo)) +
                                        control_space(sizeof(int));

void read_socket_address(const SocketAddress& from, net::Family family, net::Endpoint& out) {
    if (family == net::Family::kIpv4 && from.size >= sizeof(sockaddr_in)) {
        sockaddr_in address{};
        std::memcpy(&address, from.bytes.data(), sizeof address);
        out.address =
            net::IpAddress{std::as_bytes(std::span<const in_addr, 1>{&address.sin_addr, 1})};
        out.port = ntohs(address.sin_port);
        out.scope_id = 0;
    } else if (family == net::Family::kIpv6 && from.size >= sizeof(sockaddr_in6)) {
        sockaddr_in6 address{};
        std::memcpy(&address, from.bytes.data(), sizeof address);
        out.address =
            net::IpAddress{std::as_bytes(std::span<const in6_addr, 1>{&address.sin6_addr, 1})};
        out.port = ntohs(address.sin6_port);
        out.scope_id = address.sin6_scope_id;  // the kernel sets it for link-local senders only
    } else {
        out = {};
    }
}

/// One received message: what the kernel writes, and how it is read.
struct Arrival {
    SocketAddress sender;
    alignas(cmsghdr) std::array<std::byte, kReceiveControlMax> control;
    iovec part;

    void arm(Bytes buffer, msghdr& message) {
        part = {.iov_base = buffer.data(), .iov_len = buffer.size()};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_name = sender.bytes.data();
        message.msg_namelen = static_cast<socklen_t>(sender.bytes.size());
        message.msg_control = control.data();
        message.msg_controllen = control.size();
    }

    void read(const msghdr& message, std::size_t size, net::Family family, ReceivedTrain& out) {
        sender.size = message.msg_namelen;
        read_socket_address(sender, family, out.path.remote);
        const ControlInfo info = parse_control(ConstBytes{control}.first(message.msg_controllen));
        out.size = size;
        out.segment = info.segment != 0 && info.segment < size ? info.segment : size;
        out.traffic_class = info.traffic_class;
        // Without its control data a train's segment size may be lost: as useless as a cut
        // datagram.
        out.truncated = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
        out.path.source = info.has_local ? info.local : net::IpAddress::unspecified(family);
        out.path.source_interface = info.interface;
    }
};

using SendControl = ControlWriter<kSendControlMax>;

/// The sticky source. The interface is left to routing, as in kernel WireGuard, so that a peer
/// stays reachable when its route moves; only a link-local address means nothing without one.
void append_source(const net::Path& path, SendControl& control) {
    const net::IpAddress& source = path.source;
    if (source.family() != path.remote.address.family() || source.is_unspecified()) {
        return;
    }
    if (source.is_v4()) {
        in_pktinfo packet{};
        std::memcpy(&packet.ipi_spec_dst, source.bytes().data(), sizeof packet.ipi_spec_dst);
        control.append(IPPROTO_IP, IP_PKTINFO, packet);
    } else {
        in6_pktinfo packet{};
        std::memcpy(&packet.ipi6_addr, source.bytes().data(), sizeof packet.ipi6_addr);
        packet.ipi6_ifindex = source.is_link_local() ? path.source_interface : 0;
        control.append(IPPROTO_IPV6, IPV6_PKTINFO, packet);
    }
}

void append_traffic_class(std::uint8_t traffic_class, net::Family family, SendControl& control) {
    if (traffic_class == 0) {
        return;
    }
    const int value = traffic_class;
    if (family == net::Family::kIpv4) {
        control.append(IPPROTO_IP, IP_TOS, value);
    } else {
        control.append(IPPROTO_IPV6, IPV6_TCLASS, value);
    }
}

}  // namespace

IoResult UdpSocket::receive(Bytes buffer, ReceivedTrain& out) const {
    Arrival arrival;
    msghdr message{};
    const IoResult result = retry_interrupted([&] {
        arrival.arm(buffer, message);
        return ::recvmsg(fd_.get(), &message, 0);
    });
    if (result.ok()) {
        arrival.read(message, static_cast<std::size_t>(result.size), family_, out);
    }
    return result;
}

IoResult UdpSocket::receive_many(Bytes buffer, std::span<ReceivedTrain> out) const {
    WEFT_ASSERT(!out.empty() && out.size() <= kReceiveManyMax);
    const std::size_t room = buffer.size() / out.size();
    std::array<Arrival, kReceiveManyMax> arrivals;
    std::array<mmsghdr, kReceiveManyMax> messages;
    for (std::size_t i = 0; i < out.size(); ++i) {
        messages[i] = {};
        arrivals[i].arm(buffer.subspan(i * room, room), messages[i].msg_hdr);
    }
    const IoResult result = retry_interrupted([&] {
        return ::recvmmsg(
            fd_.get(), messages.data(), static_cast<unsigned>(out.size()), MSG_DONTWAIT, nullptr);
    });
    for (std::size_t i = 0; result.ok() && i < static_cast<std::size_t>(result.size); ++i) {
        arrivals[i].read(messages[i].msg_hdr, messages[i].msg_len, family_, out[i]);
    }
    return result;
}

IoResult UdpSocket::send(const OutgoingTrain& train, const net::Path& path) const {
    if (path.remote.address.family() != family_) {
        return {.size = 0, .error = EAFNOSUPPORT};
    }
    SocketAddress remote = to_socket_address(path.remote);
    SendControl control;
    if (train.segment != 0 && train.segment < train.bytes.size()) {
        control.append(IPPROTO_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(train.segment));
    }
    append_source(path, control);
    append_traffic_class(train.traffic_class, family_, control);

    // sendmsg reads only, but iovec has no const form.
    iovec part{.iov_base = const_cast<std::byte*>(train.bytes.data()),
               .iov_len = train.bytes.size()};
    msghdr message{};
    message.msg_name = remote.bytes.data();
    message.msg_namelen = remote.size;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.size() != 0 ? control.data() : nullptr;
    message.msg_controllen = control.size();
    return retry_interrupted([&] { return ::sendmsg(fd_.get(), &message, 0); });
}

IoResult UdpSocket::send_unfragmented(const OutgoingTrain& train, const net::Path& path) const {
    // IPv6's options have the same values.
    static_assert(IP_PMTUDISC_PROBE == IPV6_PMTUDISC_PROBE);
    static_assert(IP_PMTUDISC_DONT == IPV6_PMTUDISC_DONT);
    const bool is_v4 = family_ == net::Family::kIpv4;
    const auto discover = [this, is_v4](int mode) {
        return ::setsockopt(fd_.get(),
                            is_v4 ? IPPROTO_IP : IPPROTO_IPV6,
                            is_v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER,
                            &mode,
                            sizeof mode) == 0;
    };
    if (!discover(IP_PMTUDISC_PROBE)) {
        return {.size = 0, .error = errno};
    }
    const IoResult sent = send(train, path);
    discover(IP_PMTUDISC_DONT);
    return sent;
}

}  // namespace weft::sys
