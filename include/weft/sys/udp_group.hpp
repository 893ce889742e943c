// SPDX-License-Identifier: Apache-2.0
// All UDP sockets of a node on its one port: a family has one for each worker, two for the
// handshake lane and one for gossip, joined by SO_REUSEPORT and steered by kind and receiver index
// (steering.cpp). Where steering is not to be had there is one worker, whose sockets take
// everything.
#pragma once

#include <cstdint>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/sys/tun_offload.hpp>
#include <weft/sys/udp_socket.hpp>

namespace weft::sys {

/// First bytes of gossip datagrams, both included; WireGuard's messages have 1 to 4.
inline constexpr std::uint8_t kGossipTypesFirst = 0x10;
inline constexpr std::uint8_t kGossipTypesLast = 0x1f;

/// The sockets of one thread; v6 is not valid where IPv6 is off.
struct UdpPair {
    UdpSocket v4;
    UdpSocket v6;

    [[nodiscard]] const UdpSocket& of(net::Family family) const {
        return family == net::Family::kIpv4 ? v4 : v6;
    }
};

struct UdpGroupConfig {
    std::uint16_t port = 0;  // 0: the kernel's choice, the same for both families
    unsigned workers = 1;    // 1..15
    std::uint32_t fwmark = 0;
    Offloads wish;  // udp_gso and udp_gro
};

/// A family's sockets in members()' order; none of a family that was not there.
struct KeptSockets {
    std::vector<UniqueFd> v4;
    std::vector<UniqueFd> v6;

    [[nodiscard]] bool empty() const { return v4.empty() && v6.empty(); }
};

struct UdpGroup {
    /// Opens and steers. Errors: the port is in use (found although the sockets share it among
    /// themselves), no permission, no address family at all.
    static Result<UdpGroup> open(const UdpGroupConfig& config);
    /// The group as an earlier process of ours has left it, with the datagrams that wait. Its
    /// options become those that open() sets. Errors: it has another port, other families or
    /// another number of sockets than open() would make.
    static Result<UdpGroup> adopt(KeptSockets kept, const UdpGroupConfig& config);

    /// Descriptors of one family in the order in which they were bound, which the steering program
    /// counts by; of a group that is steered.
    [[nodiscard]] std::vector<int> members(net::Family family) const;

    std::uint16_t port = 0;
    std::vector<UdpPair> workers;  // as many as asked, or one where steering failed
    // The lane's; invalid where steering failed: workers hand on.
    UdpPair lane;   // responses, cookie replies and initiations that carry a mac2
    UdpPair crowd;  // initiations without one, and what is no message at all
    // Datagrams whose first byte is 0x10 to 0x1f: the control thread's. Invalid where steering
    // failed.
    UdpPair gossip;
    bool steered = false;
    bool gso = false;  // this kernel has UDP_SEGMENT and it is wished
    bool gro = false;  // this kernel has UDP_GRO and it is wished

    /// SO_MARK of every socket, without reopening them.
    [[nodiscard]] Result<> set_fwmark(std::uint32_t fwmark) const;
};

}  // namespace weft::sys
