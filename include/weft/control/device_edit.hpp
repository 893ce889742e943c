// SPDX-License-Identifier: Apache-2.0
// What one wants changed on the WireGuard device, and what it looks like, as plain values. Both the
// configuration (reconcile) and WireGuard's own tools (UAPI) speak in them, so that there is one
// way in: Node::apply, which carries out a whole edit under the device's lock at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include <weft/base/bytes.hpp>
#include <weft/base/clock.hpp>
#include <weft/base/secret.hpp>
#include <weft/net/address.hpp>

namespace weft::control {

using KeyBytes = ByteArray<32>;

struct AllowedIpEdit {
    net::Prefix prefix;
    bool remove = false;
};

/// Changes of one peer; what is not set stays. Carried out in the order of the members.
struct PeerEdit {
    KeyBytes public_key{};
    bool remove = false;                      // nothing else counts then
    bool update_only = false;                 // do nothing where there is no such peer
    std::optional<Secret<32>> preshared_key;  // zero: none
    std::optional<net::Endpoint> endpoint;
    bool replace_allowed_ips = false;
    std::vector<AllowedIpEdit> allowed_ips;
    std::optional<std::chrono::seconds> keepalive;  // 0: off
};

struct DeviceEdit {
    std::optional<Secret<32>> private_key;
    std::optional<std::uint16_t> listen_port;  // 0: the kernel's choice
    std::optional<std::uint32_t> fwmark;       // 0: none
    bool replace_peers = false;                // before the peers below
    std::vector<PeerEdit> peers;               // in order; one key may come more than once

    [[nodiscard]] bool empty() const {
        return !private_key && !listen_port && !fwmark && !replace_peers && peers.empty();
    }
};

struct PeerView {
    KeyBytes public_key{};
    Secret<32> preshared_key;  // zero unless secrets were asked for
    std::optional<net::Endpoint> endpoint;
    std::optional<WallTime> last_handshake;
    std::uint64_t rx_bytes = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t rx_packets = 0;
    std::uint64_t tx_packets = 0;
    std::chrono::seconds keepalive{0};
    std::vector<net::Prefix> allowed_ips;
    bool session_live = false;  // a session that may still send
    bool handshake_pending = false;
};

struct DeviceView {
    Secret<32> private_key;  // zero unless secrets were asked for
    KeyBytes public_key{};
    std::uint16_t listen_port = 0;
    std::uint32_t fwmark = 0;
    std::vector<PeerView> peers;  // in key order
};

}  // namespace weft::control
