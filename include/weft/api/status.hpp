// SPDX-License-Identifier: Apache-2.0
// GET /v1/status and /v1/peers as values, and their JSON (schema: status.schema.json beside this
// file). Unknown is null, never absent; times are Unix ms; peers are sorted by name.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/base/result.hpp>

namespace weft::api {

inline constexpr const char* kApiVersion = "weft/v1";

struct NodeStatus {
    std::string name;
    std::optional<std::string> id;  // certificate identity; null on a node without one
    std::string public_key;         // base64
    std::string interface;
    std::uint16_t listen_port = 0;
    std::uint32_t mtu = 0;
    std::vector<std::string> blocks;
    std::uint64_t uptime_s = 0;
};

struct PeerStatus {
    std::string name;  // of a peer that was only ever set by wg: its public key
    std::optional<std::string> id;
    std::string public_key;
    std::string origin;                 // "static" | "gossip" | "uapi"
    std::optional<std::string> member;  // "alive" | "suspect" | "dead" | "left"
    std::optional<std::string> endpoint;
    std::optional<std::string> path;  // "direct"
    std::vector<std::string> blocks;
    std::vector<std::string> allowed_ips;
    std::string session;  // "up" | "handshaking" | "none"
    std::optional<std::int64_t> last_handshake_ms;
    std::optional<std::uint64_t> rtt_us;
    std::optional<std::uint64_t> loss_ppm;
    std::optional<std::uint32_t> mtu;  // of inner packets: the path's, where it was measured
    std::uint64_t rx_bytes = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t rx_packets = 0;
    std::uint64_t tx_packets = 0;
};

struct Problem {
    std::string code;      // stable snake_case
    std::string severity;  // "info" (advice: no reason for another verdict) | "warning" | "error"
    std::string subject;   // what it is about: a peer's name, an interface
    std::string cause;
    std::string remedy;  // the next command to type
};

struct Status {
    std::string version;
    std::string verdict;  // "healthy" | "degraded" | "starting"
    NodeStatus node;
    std::string isa_chosen;
    std::vector<std::string> isa_available;
    bool tun_tso = false, tun_uso = false, udp_gso = false, udp_gro = false;
    unsigned workers = 0;
    std::uint64_t shared_batches = 0;  // that several workers sealed or opened together
    std::vector<PeerStatus> peers;
    std::map<std::string, std::uint64_t> drops;  // every reason, also at 0
    std::vector<Problem> problems;
};

/// Those that are more than advice.
[[nodiscard]] std::size_t count_problems(const std::vector<Problem>& problems);

[[nodiscard]] std::string to_json(const Status& status);
/// Every field must be there; further ones are ignored, so that an older client reads a newer
/// daemon. Errors name the field.
[[nodiscard]] Result<Status> parse_status(std::string_view text);

/// GET /v1/peers: {"api","peers":[…]}, peers as in the status.
[[nodiscard]] std::string peers_to_json(const std::vector<PeerStatus>& peers);
[[nodiscard]] Result<std::vector<PeerStatus>> parse_peers(std::string_view text);

inline constexpr std::size_t kPingTargetMax = 253;  // a host name's length
inline constexpr unsigned kPingCountMax = 100;
inline constexpr unsigned kPingTimeoutMaxMs = 60'000;  // of the interval too

/// POST /v1/ping: an ICMP echo to a peer (its name or key) or an overlay address, by the daemon.
struct PingRequest {
    std::string target;
    unsigned count = 3;
    unsigned interval_ms = 200;
    unsigned timeout_ms = 2000;
};
struct PingReply {
    std::string target;
    std::string peer;
    std::string address;  // that answered
    std::string session;  // after the ping
    unsigned sent = 0;
    unsigned received = 0;
    std::vector<std::optional<std::uint64_t>> rtt_us;  // one for each sent; null: no answer
};
[[nodiscard]] std::string to_json(const PingRequest& request);
/// All but the target have defaults; numbers outside 1..kPing*Max are errors.
[[nodiscard]] Result<PingRequest> parse_ping_request(std::string_view text);
[[nodiscard]] std::string to_json(const PingReply& reply);
[[nodiscard]] Result<PingReply> parse_ping_reply(std::string_view text);

/// {"error":{"code","cause","remedy"}}; `code` is a stable snake_case word. A parsed error carries
/// EPROTO: the HTTP status tells programs what kind it is.
[[nodiscard]] std::string error_to_json(std::string_view code, const Error& error);
[[nodiscard]] Error parse_error(std::string_view json);

}  // namespace weft::api
