// SPDX-License-Identifier: Apache-2.0
// Keeps encrypted messages from going round. Where routing leads a peer's endpoint into the tunnel
// again, our own messages to it come back as inner packets. That is fine as long as each is carried
// by another peer ("onion routing", which kernel WireGuard allows on purpose), and an endless loop
// that grows and, once fragmented, multiplies when a message to one endpoint ends up as a message
// to the same endpoint. Which it is, routing alone decides, so the guard goes by what it has seen.
//
//   seen: a message to E1, read from the TUN, leaves as a message to E2     E1 → E2
//   loop: a message to E3 would leave as one to E1, and E1 → E2 → E3 was seen just now
//
// Outbound stage 2; shared by the workers, because each hop of a loop may be another worker's.
#pragma once

#include <array>
#include <mutex>
#include <optional>

#include <weft/base/clock.hpp>
#include <weft/base/spin_lock.hpp>
#include <weft/net/address.hpp>
#include <weft/net/ip_view.hpp>

namespace weft::dataplane {

class LoopGuard {
  public:
    /// Hops remembered at once, and so the longest loop that is found.
    static constexpr std::size_t kHopsMax = 8;
    /// Longer than a lap takes, short enough for routes that change.
    static constexpr std::chrono::seconds kMemory{1};

    /// Whether a message to `to` must not leave as one to `via`; if it may, it is remembered.
    [[nodiscard]] bool closes_loop(const net::Endpoint& to, const net::Endpoint& via, Time now);

  private:
    struct Hop {
        net::Endpoint to;
        net::Endpoint via;
        Time until{};
    };
    struct Guarded {
        SpinLock lock;
        std::array<Hop, kHopsMax> hops;
    };
    Guarded seen_;
};

/// Where an inner packet goes if it is UDP from `port`, that is perhaps a message of ours: its
/// destination. Later fragments have no ports and are not; the first one is.
[[nodiscard]] std::optional<net::Endpoint> udp_destination_from(std::uint16_t port,
                                                                ConstBytes packet,
                                                                const net::IpView& ip);

}  // namespace weft::dataplane
