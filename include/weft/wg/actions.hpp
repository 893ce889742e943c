// SPDX-License-Identifier: Apache-2.0
// What the protocol core wants done. The core fills it, the engine carries it out and empties it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include <weft/net/address.hpp>
#include <weft/wg/messages.hpp>
#include <weft/wg/peer.hpp>

namespace weft::wg {

struct Actions {
    /// A handshake or cookie message to send, DSCP and ECN in `traffic_class`.
    struct Datagram {
        net::Path path;
        ByteArray<kHandshakeMessageMax> bytes{};
        std::uint8_t size = 0;
        std::uint8_t traffic_class = 0;
        Peer* peer = nullptr;  // null: a cookie reply to a stranger

        [[nodiscard]] ConstBytes view() const { return ConstBytes{bytes}.first(size); }
    };
    /// The peer's current session is fresh: send what waits, or else, if asked, an empty keepalive.
    struct Flush {
        Peer* peer = nullptr;
        bool keepalive_if_empty = false;
    };

    std::vector<Datagram> datagrams;
    std::vector<Flush> flushes;
    /// Unpublished already; destroy (which wipes) once no worker can hold them.
    std::vector<std::unique_ptr<Session>> retired_sessions;
    std::vector<std::unique_ptr<Peer>> retired_peers;
    /// The prefixes changed: publish Device::routes().snapshot().
    bool routes_changed = false;
    /// Waiting packets given up (no answer for 90 s, peer removed).
    std::uint64_t dropped_staged = 0;
};

}  // namespace weft::wg
