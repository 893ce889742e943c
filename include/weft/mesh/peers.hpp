// SPDX-License-Identifier: Apache-2.0
// From members to the tunnel's peers: who is one, which prefixes are theirs, and where they may be
// reached. Nothing is wanted here that a certificate does not cover; nobody's silence takes a route
// away. Pure; one thread.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weft/base/clock.hpp>
#include <weft/gossip/node.hpp>

namespace weft::mesh {

/// A member as the tunnel sees it.
struct WantedPeer {
    identity::NodeId id;
    std::string name;
    std::vector<net::Prefix> prefixes;      ///< blocks and routed, masked, sorted
    std::vector<net::Endpoint> candidates;  ///< best first: where it was heard, then what it says
    friend bool operator==(const WantedPeer&, const WantedPeer&) = default;
};

/// By WireGuard key. Left out are this node, who has left, and whose prefixes are another's by
/// (not_before, serial). Endpoints inside the pools are nobody's: a tunnel through itself.
[[nodiscard]] std::map<crypto::PublicKey, WantedPeer> wanted_peers(
    const gossip::Node& node, std::span<const net::Prefix> pools);

/// Which candidate a peer is called at that does not answer where it is. While anything is heard
/// from it WireGuard's roaming decides, and its endpoint is never touched. A best candidate that
/// has changed since then, so that the peer was heard elsewhere or says that it moved, is taken at
/// once.
class Caller {
  public:
    /// A candidate that does not answer handshakes for so long has had its turn.
    static constexpr Duration kTurn = std::chrono::seconds{5};
    /// For so long a handshake of a session goes unanswered before a new best candidate counts.
    static constexpr Duration kDoubt = std::chrono::seconds{1};
    /// Nor is a session live whose peer has answered nothing for so long, handshakes neither.
    static constexpr Duration kSilence = std::chrono::seconds{10};

    struct Peer {
        std::optional<net::Endpoint> current;  ///< the device's
        bool session = false;                  ///< one that may send
        bool calling = false;                  ///< a handshake is pending
        std::uint64_t received = 0;            ///< packets so far
    };
    /// The endpoint to set now, if any.
    [[nodiscard]] std::optional<net::Endpoint> next(const crypto::PublicKey& key,
                                                    const std::vector<net::Endpoint>& candidates,
                                                    const Peer& peer,
                                                    Time now);
    void forget(const crypto::PublicKey& key) { states_.erase(key); }

  private:
    struct State {
        std::uint64_t received = 0;
        std::optional<Time> turn;  // since when it is called where it is
        std::optional<net::Endpoint> best;
        bool moved = false;  // `best` changed, and nothing came through the tunnel since
    };
    static void observe(State& state, const net::Endpoint& best, const Peer& peer, Time now);
    std::map<crypto::PublicKey, State> states_;
};

}  // namespace weft::mesh
