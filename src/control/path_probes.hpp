// SPDX-License-Identifier: Apache-2.0
// The path MTU of each member with whom there is a session: mesh::PathMtu among pings and their
// numbers. Once a second; pure but for what sends the pings. Control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include <weft/base/clock.hpp>
#include <weft/control/device_edit.hpp>
#include <weft/gossip/messages.hpp>
#include <weft/mesh/path_mtu.hpp>

namespace weft::control {

class PathProbes {
  public:
    /// Sends a ping in a UDP datagram of so many bytes (0: a small one).
    using Ping = std::function<std::optional<gossip::ProbeNumber>(
        const gossip::NodeId&, const net::Endpoint&, std::size_t)>;

    /// A member with a session that understands padded pings.
    struct Peer {
        gossip::NodeId node;
        net::Endpoint endpoint;
        std::uint64_t tx_bytes = 0;
    };

    /// `most`: the interface's MTU.
    explicit PathProbes(std::uint32_t most) : most_(most) {}

    void tick(const std::map<KeyBytes, Peer>& peers, Time now, const Ping& ping);
    void on_answer(const gossip::NodeId& node, gossip::ProbeNumber number, Time now);
    /// Those of whom nothing will be asked any more.
    void keep_only(const std::function<bool(const KeyBytes&)>& is_known);

    /// In force; nullopt: never looked for, and so the interface's.
    [[nodiscard]] std::optional<std::uint32_t> mtu_of(const KeyBytes& peer) const;
    [[nodiscard]] bool is_below_least(const KeyBytes& peer) const;
    /// Of the last answer.
    [[nodiscard]] std::optional<std::uint32_t> rtt_us_of(const KeyBytes& peer) const;

    /// The datagram whose ping stands for a message with an inner packet of `inner` bytes.
    [[nodiscard]] static std::size_t datagram_size(std::uint32_t inner);

  private:
    struct Sent {
        std::uint32_t inner = 0;
        Time at;
    };
    struct State {
        gossip::NodeId node;
        net::Endpoint endpoint;
        std::uint64_t tx_bytes = 0;
        mesh::PathMtu mtu;
        std::map<gossip::ProbeNumber, Sent> sent;
        std::optional<std::uint32_t> rtt_us;
    };
    static constexpr Duration kForgetAfter = std::chrono::seconds{5};

    std::uint32_t most_;
    std::map<KeyBytes, State> states_;
};

}  // namespace weft::control
