// SPDX-License-Identifier: Apache-2.0
// Opens all sockets of the node's UDP port or takes them over (control thread, at start and when
// the port changes):
// for each family workers in order, the lane, the crowd, gossip, as the steering program counts
// them. Whoever else has the port is found by binding the first socket of a family alone; only then
// does it take SO_REUSEPORT and the others join it. Kernel: net/core/sock_reuseport.c,
// inet_rcv_saddr_equal() and udp_reuseport_add_sock(); socket(7), ip(7), ipv6(7).
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <weft/sys/socket_address.hpp>
#include <weft/sys/udp_group.hpp>

#include "steering.hpp"

namespace weft::sys {
namespace {

constexpr unsigned kWorkersMax = 15;  // steering has 4 bits
constexpr int kPortAttempts = 8;      // of the kernel's free IPv4 ports, one free for IPv6 as well

// What the kernel holds while a worker is busy elsewhere. A 64 KiB train counts as about 100 KiB
// (skb truesize), the kernel doubles the number, so 4 MiB are some 80 trains: about 4 ms at
// 10 Gbit/s. More would only be latency.
constexpr int kWorkerReceiveBytes = 4 << 20;
// Trains wait here for the NIC; ENOBUFS-free pacing needs a few dozen of them.
constexpr int kWorkerSendBytes = 2 << 20;
// Some 200 handshake messages: under a flood the newest ones must not wait behind a deep queue.
constexpr int kLaneBytes = 256 << 10;
// Joins and anti-entropy come in bursts, and the control thread has other things to do: 400 to 900
// datagrams of an MTU, depending on the driver's skb truesize.
constexpr int kGossipReceiveBytes = 1 << 20;
constexpr int kGossipSendBytes = 256 << 10;

// Where the sockets of others than workers stand behind these, as the steering program counts.
constexpr unsigned kLaneAt = 0;
constexpr unsigned kCrowdAt = 1;
constexpr unsigned kGossipAt = 2;
constexpr unsigned kOthers = 3;

constexpr int kUdpLevel = IPPROTO_UDP;

int set_option(int fd, int level, int name, int value) {
    return ::setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : errno;
}

/// Beyond net.core.{r,w}mem_max where we may, else as far as that.
void set_buffer(int fd, int force, int plain, int bytes) {
    if (set_option(fd, SOL_SOCKET, force, bytes) != 0) {
        static_cast<void>(set_option(fd, SOL_SOCKET, plain, bytes));
    }
}

int domain_of(net::Family family) {
    return family == net::Family::kIpv4 ? AF_INET : AF_INET6;
}

const char* name_of(net::Family family) {
    return family == net::Family::kIpv4 ? "IPv4" : "IPv6";
}

/// The machine has no such family (or has it switched off): go on with the other one.
bool is_missing_family(int error) {
    return error == EAFNOSUPPORT || error == EPROTONOSUPPORT || error == EADDRNOTAVAIL;
}

Error option_error(int error, const char* option, net::Family family) {
    return errno_error(
        error, std::string{"setting "} + option + " on a UDP socket for " + name_of(family));
}

Error bind_error(int error, net::Family family, std::uint16_t port) {
    const std::string number = std::to_string(port);
    if (error == EADDRINUSE) {
        return Error{std::error_code{error, std::generic_category()},
                     "UDP port " + number + " is in use (" + name_of(family) + ")",
                     "\"ss -lunp 'sport = :" + number +
                         "'\" names the owner; stop it or set node.listen_port"};
    }
    const std::string doing =
        "binding UDP port " + number + " (" + std::string{name_of(family)} + ")";
    if (error == EACCES || error == EPERM) {
        return errno_error(error,
                           doing,
                           "ports below 1024 need root or CAP_NET_BIND_SERVICE; or set "
                           "node.listen_port");
    }
    return errno_error(error, doing);
}

Result<> set_mark(int fd, std::uint32_t fwmark) {
    const int error = set_option(fd, SOL_SOCKET, SO_MARK, static_cast<int>(fwmark));
    if (error != 0) {
        return errno_error(error, "setting the fwmark", "run as root or with CAP_NET_ADMIN");
    }
    return {};
}

struct Option {
    int level;
    int name;
    int value;
    const char* text;
};

/// Options that make the socket what it must be: without one of them weft would be wrong.
Result<> set_required_options(int fd, net::Family family) {
    // Fragments are better than lost tunnels: DF never set (kernel WireGuard: ignore_df).
    static constexpr Option kOptions4[] = {
        {IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO"},
        {IPPROTO_IP, IP_RECVTOS, 1, "IP_RECVTOS"},
        {IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER"},
    };
    static constexpr Option kOptions6[] = {
        {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO"},
        {IPPROTO_IPV6, IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS"},
        {IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT, "IPV6_MTU_DISCOVER"},
    };
    const std::span<const Option> options = family == net::Family::kIpv4
                                                ? std::span<const Option>{kOptions4}
                                                : std::span<const Option>{kOptions6};
    for (const Option& option : options) {
        if (const int error = set_option(fd, option.level, option.name, option.value); error != 0) {
            return option_error(error, option.text, family);
        }
    }
    return {};
}

std::optional<int> option_of(int fd, int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, level, name, &value, &size) == 0 ? std::optional{value} : std::nullopt;
}

/// Opens sockets of one family, one after the other, on one port, or takes them over.
class FamilyOpener {
  public:
    FamilyOpener(net::Family family, const UdpGroupConfig& config, bool gro)
        : family_(family), config_(config), gro_(gro) {}

    /// workers + kOthers sockets bound to `port`, or to one of the kernel's choice where that is 0.
    Result<std::vector<UdpSocket>> open(std::uint16_t port) {
        std::vector<UdpSocket> sockets;
        const unsigned count = config_.workers + kOthers;
        for (unsigned i = 0; i < count; ++i) {
            Result<UniqueFd> fd = open_socket(buffers_of(i));
            if (!fd) {
                return fd.error();
            }
            if (const int error = bind_member(fd->get(), i == 0, port); error != 0) {
                return bind_error(error, family_, port);
            }
            if (port == 0) {
                port = bound_port(fd->get());
            }
            sockets.emplace_back(std::move(*fd), family_);
        }
        port_ = port;
        return sockets;
    }

    /// The same from what an earlier process had.
    Result<std::vector<UdpSocket>> adopt(std::vector<UniqueFd> kept, std::uint16_t port) {
        std::vector<UdpSocket> sockets;
        const unsigned count = config_.workers + kOthers;
        if (kept.size() != count) {
            return invalid("there are " + std::to_string(kept.size()) + " sockets for " +
                           name_of(family_) + ", not " + std::to_string(count));
        }
        for (unsigned i = 0; i < count; ++i) {
            const UniqueFd& fd = kept[i];
            if (Result<> checked = check_member(fd.get(), port); !checked) {
                return checked.error();
            }
            if (Result<> done = set_up(fd.get(), buffers_of(i)); !done) {
                return done.error();
            }
            if (Result<> done = set_mark(fd.get(), config_.fwmark); !done) {
                return done.error();
            }
            if (!gro_) {
                static_cast<void>(set_option(fd.get(), kUdpLevel, UDP_GRO, 0));
            }
            port = bound_port(fd.get());
            sockets.emplace_back(std::move(kept[i]), family_);
        }
        port_ = port;
        return sockets;
    }

    /// Whether the machine has the family.
    [[nodiscard]] bool is_there() const {
        const UniqueFd fd{::socket(domain_of(family_), SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP)};
        return fd.valid() && bind_any(fd.get(), 0) == 0;
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    struct Buffers {
        int receive;
        int send;
    };

    [[nodiscard]] Buffers buffers_of(unsigned member) const {
        if (member < config_.workers) {
            return {kWorkerReceiveBytes, kWorkerSendBytes};
        }
        if (member == config_.workers + kGossipAt) {
            return {kGossipReceiveBytes, kGossipSendBytes};
        }
        return {kLaneBytes, kLaneBytes};
    }

    [[nodiscard]] Result<UniqueFd> open_socket(Buffers buffers) const {
        UniqueFd fd{
            ::socket(domain_of(family_), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP)};
        if (!fd.valid()) {
            return errno_error(errno, std::string{"opening a UDP socket for "} + name_of(family_));
        }
        if (family_ == net::Family::kIpv6) {  // never again once it is bound
            if (const int error = set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1); error != 0) {
                return option_error(error, "IPV6_V6ONLY", family_);
            }
        }
        if (Result<> done = set_up(fd.get(), buffers); !done) {
            return done.error();
        }
        if (config_.fwmark != 0) {
            if (Result<> done = set_mark(fd.get(), config_.fwmark); !done) {
                return done.error();
            }
        }
        return fd;
    }

    [[nodiscard]] Result<> set_up(int fd, Buffers buffers) const {
        if (Result<> done = set_required_options(fd, family_); !done) {
            return done.error();
        }
        set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, buffers.receive);
        set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, buffers.send);
        // The lane's and gossip's too: while GRO looks for a flow's socket it has no packet to run
        // the steering program on, and takes a member of the group by the flow's hash
        // (reuseport_select_sock without skb). Flows that hash to a member without UDP_GRO are
        // never merged: measured over veth, 24 of 40 with one worker.
        if (gro_) {
            if (const int error = set_option(fd, kUdpLevel, UDP_GRO, 1); error != 0) {
                return option_error(error, "UDP_GRO", family_);
            }
        }
        return {};
    }

    /// A UDP socket of this family in a group at `port`; 0: at any.
    [[nodiscard]] Result<> check_member(int fd, std::uint16_t port) const {
        const bool is_one = option_of(fd, SOL_SOCKET, SO_DOMAIN) == domain_of(family_) &&
                            option_of(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_UDP &&
                            option_of(fd, SOL_SOCKET, SO_REUSEPORT) == 1;
        const bool is_mixed =
            family_ == net::Family::kIpv6 && option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY) != 1;
        if (!is_one || is_mixed) {
            return invalid("what was kept is no socket of " + std::string{name_of(family_)} +
                           " as weft opens them");
        }
        const std::uint16_t bound = bound_port(fd);
        if (bound == 0 || (port != 0 && bound != port)) {
            return invalid("it is port " + std::to_string(bound) + ", not " + std::to_string(port));
        }
        if (::fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) != 0) {
            return errno_error(errno, "making a kept socket non-blocking");
        }
        return {};
    }

    /// Errno of binding. The first member is alone until it has the port.
    [[nodiscard]] int bind_member(int fd, bool first, std::uint16_t port) const {
        if (!first) {
            if (const int error = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1); error != 0) {
                return error;
            }
        }
        if (const int error = bind_any(fd, port); error != 0) {
            return error;
        }
        return first ? set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) : 0;
    }

    [[nodiscard]] int bind_any(int fd, std::uint16_t port) const {
        const SocketAddress any =
            to_socket_address({net::IpAddress::unspecified(family_), port, 0});
        return ::bind(fd, any.get(), any.size) == 0 ? 0 : errno;
    }

    static std::uint16_t bound_port(int fd) {
        sockaddr_storage storage{};
        socklen_t size = sizeof storage;
        sockaddr_in address{};  // sin6_port is at the same place
        if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
            return 0;
        }
        std::memcpy(&address, &storage, sizeof address);
        return ntohs(address.sin_port);
    }

    net::Family family_;
    const UdpGroupConfig& config_;
    bool gro_;
    std::uint16_t port_ = 0;
};

/// Whether a fresh socket takes the option; needs no privilege and leaves nothing behind.
bool probe_udp_option(int option, int value) {
    for (const int domain : {AF_INET, AF_INET6}) {
        const UniqueFd fd{::socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP)};
        if (fd.valid()) {
            return set_option(fd.get(), kUdpLevel, option, value) == 0;
        }
    }
    return false;
}

struct BothFamilies {
    std::uint16_t port = 0;
    std::vector<UdpSocket> v4;  // empty where the machine has none
    std::vector<UdpSocket> v6;
};

/// Both families on one port; a family that the machine lacks stays empty.
Result<BothFamilies> open_once(const UdpGroupConfig& config, bool gro) {
    BothFamilies both;
    both.port = config.port;
    FamilyOpener opener4{net::Family::kIpv4, config, gro};
    Result<std::vector<UdpSocket>> v4 = opener4.open(both.port);
    if (v4) {
        both.port = opener4.port();
        both.v4 = std::move(*v4);
    } else if (!is_missing_family(v4.error().code.value())) {
        return v4.error();
    }
    FamilyOpener opener6{net::Family::kIpv6, config, gro};
    Result<std::vector<UdpSocket>> v6 = opener6.open(both.port);
    if (v6) {
        both.port = opener6.port();
        both.v6 = std::move(*v6);
    } else if (both.v4.empty() || !is_missing_family(v6.error().code.value())) {
        return v6.error();
    }
    return both;
}

Result<BothFamilies> open_both(const UdpGroupConfig& config, bool gro) {
    Result<BothFamilies> both = open_once(config, gro);
    for (int i = 1; i < kPortAttempts && config.port == 0; ++i) {
        if (both || both.error().code.value() != EADDRINUSE) {
            break;
        }
        both = open_once(config, gro);
    }
    return both;
}

/// The kept families, which must be those that the machine has.
Result<BothFamilies> adopt_both(KeptSockets kept, const UdpGroupConfig& config, bool gro) {
    BothFamilies both;
    both.port = config.port;
    for (const net::Family family : {net::Family::kIpv4, net::Family::kIpv6}) {
        const bool is_v4 = family == net::Family::kIpv4;
        std::vector<UniqueFd> sockets = std::exchange(is_v4 ? kept.v4 : kept.v6, {});
        FamilyOpener opener{family, config, gro};
        if (sockets.empty() && !opener.is_there()) {
            continue;
        }
        Result<std::vector<UdpSocket>> adopted = opener.adopt(std::move(sockets), both.port);
        if (!adopted) {
            return adopted.error();
        }
        both.port = opener.port();
        (is_v4 ? both.v4 : both.v6) = std::move(*adopted);
    }
    return both;
}

bool steer(const std::vector<UdpSocket>& sockets, unsigned workers) {
    return sockets.empty() || attach_steering(sockets.front().fd(), workers) == 0;
}

UdpPair take_pair(BothFamilies& both, std::size_t i) {
    UdpPair pair;
    if (!both.v4.empty()) {
        pair.v4 = std::move(both.v4[i]);
    }
    if (!both.v6.empty()) {
        pair.v6 = std::move(both.v6[i]);
    }
    return pair;
}

/// Steers them and gives each its place.
UdpGroup assemble(BothFamilies both, const UdpGroupConfig& config, bool gro) {
    UdpGroup group;
    group.gso = config.wish.udp_gso && probe_udp_option(UDP_SEGMENT, 0);
    group.gro = gro;
    group.port = both.port;
    group.steered = steer(both.v4, config.workers) && steer(both.v6, config.workers);
    // Unsteered, the sockets that are not taken close here: the one that remains gets everything.
    const std::size_t workers = group.steered ? config.workers : 1;
    for (std::size_t i = 0; i < workers; ++i) {
        group.workers.push_back(take_pair(both, i));
    }
    if (group.steered) {
        group.lane = take_pair(both, config.workers + kLaneAt);
        group.crowd = take_pair(both, config.workers + kCrowdAt);
        group.gossip = take_pair(both, config.workers + kGossipAt);
    }
    return group;
}

bool uses_gro(const UdpGroupConfig& config) {
    return config.wish.udp_gro && probe_udp_option(UDP_GRO, 1);
}

}  // namespace

Result<UdpGroup> UdpGroup::open(const UdpGroupConfig& config) {
    if (config.workers == 0 || config.workers > kWorkersMax) {
        return invalid("a UDP group has 1 to 15 workers, not " + std::to_string(config.workers));
    }
    const bool gro = uses_gro(config);
    Result<BothFamilies> both = open_both(config, gro);
    if (!both) {
        return both.error();
    }
    return assemble(std::move(*both), config, gro);
}

Result<UdpGroup> UdpGroup::adopt(KeptSockets kept, const UdpGroupConfig& config) {
    const bool gro = uses_gro(config);
    Result<BothFamilies> both = adopt_both(std::move(kept), config, gro);
    if (!both) {
        return both.error();
    }
    return assemble(std::move(*both), config, gro);
}

std::vector<int> UdpGroup::members(net::Family family) const {
    std::vector<int> fds;
    const auto add = [&](const UdpPair& pair) {
        if (pair.of(family).valid()) {
            fds.push_back(pair.of(family).fd());
        }
    };
    std::for_each(workers.begin(), workers.end(), add);
    for (const UdpPair* other : {&lane, &crowd, &gossip}) {  // kLaneAt, kCrowdAt, kGossipAt
        add(*other);
    }
    return fds;
}

Result<> UdpGroup::set_fwmark(std::uint32_t fwmark) const {
    for (const net::Family family : {net::Family::kIpv4, net::Family::kIpv6}) {
        for (const int fd : members(family)) {
            if (Result<> done = set_mark(fd, fwmark); !done) {
                return done;
            }
        }
    }
    return {};
}

}  // namespace weft::sys
