// SPDX-License-Identifier: Apache-2.0
// weft.toml as values. Reading, merging and checking are config/load.cpp; the CLI checks a file
// with the same code that the daemon starts from, without linking the daemon.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/base/secret.hpp>
#include <weft/net/address.hpp>
#include <weft/sys/tun_offload.hpp>
#include <weft/sys/udp_socket.hpp>

namespace weft::config {

/// Inner MTUs: what every IPv6 link carries (RFC 8200, 5), and what with WireGuard's 32 bytes and
/// padding to 16 is one datagram that the kernel does not cut up (sys::kTrainBytesMax).
inline constexpr std::uint32_t kMtuLeast = 1280;
inline constexpr std::uint32_t kMtuMost = 65424;
static_assert(kMtuMost + 32 + 15 <= sys::kTrainBytesMax);

/// "host:port", not resolved: the host may be a name, resolved (and re-resolved) by control.
struct HostPort {
    std::string host;
    std::uint16_t port = 0;

    [[nodiscard]] std::string to_string() const;
    friend bool operator==(const HostPort&, const HostPort&) = default;
};

struct NodeConfig {
    std::string name;  // default: the machine's host name up to its first dot
    std::string interface = "weft0";
    std::uint16_t listen_port = 51840;
    std::uint32_t mtu = 0;  // 0: from the underlay
    unsigned workers = 0;   // 0: min(cores, 4)
    std::uint32_t fwmark = 0;
    std::filesystem::path private_key_file;  // empty: the key lies in the state directory
    std::vector<HostPort> advertise;         // where other nodes reach this one; at most 4
    std::vector<net::Prefix> addresses;      // with host bits
    std::string isa = "auto";
};

/// What `weft init` makes a network with, where it is not told.
struct NetworkConfig {
    std::optional<net::Prefix> pool4;  // none: one that overlaps nothing
    std::optional<net::Prefix> pool6;
    std::uint32_t block4 = 24;  // prefix lengths of nodes' blocks
    std::uint32_t block6 = 64;
};

/// Of the network that this node is in.
struct GossipConfig {
    bool enabled = true;          // off: nothing is sent or heard, what was known stays
    std::vector<HostPort> seeds;  // where members may be, asked for ever; at most 64
};

struct PeerConfig {
    std::string name;
    ByteArray<32> public_key{};
    std::filesystem::path preshared_key_file;  // empty: none
    std::optional<HostPort> endpoint;
    std::vector<net::Prefix> allowed_ips;  // masked
    std::chrono::seconds keepalive{0};
    std::string where;  // "weft.toml:14:1", for messages
};

/// Where machines of ours are told of: exactly one of exec, file and dns is set.
struct DiscoveryConfig {
    std::vector<std::string> exec;  // a program of the discovery contract, by its absolute path
    std::filesystem::path file;     // what such a program would print
    std::string dns;                // a host name: its addresses are the machines'
    std::chrono::seconds interval{60};
    std::string where;  // "weft.toml:14:1", for messages

    /// The same source has the same text: "exec /usr/bin/x --zone a", "file /a", "dns a.example".
    [[nodiscard]] std::string text() const;
};

/// What the CNI plugin is told by the daemon, and where `weft cni install` puts it.
struct CniConfig {
    bool enabled = true;
    std::filesystem::path conf_dir = "/etc/cni/net.d";
    std::filesystem::path bin_dir = "/usr/lib/cni";
};

struct FirewallConfig {
    bool enabled = true;     // guards of the pool, in nftables and in routing
    bool lockdown = false;   // only who is allowed reaches listen_port
    bool masquerade = true;  // containers leave the cluster with the node's address
    bool mss_clamp = true;
    bool notrack = false;               // weft's own UDP past connection tracking
    bool exclusive = true;              // nobody else can change weft's tables (Linux 6.9)
    bool open_others = false;           // a rule for weft's packets in others' nftables chains
    std::vector<net::Prefix> allow;     // for lockdown; masked
    std::vector<net::Prefix> metadata;  // what containers may reach of metadata addresses; masked
};

struct ApiConfig {
    std::filesystem::path socket = "/run/weft/weftd.sock";
    std::string group = "weft";
    /// Where metrics are asked for by HTTP; nothing: nowhere.
    std::optional<net::Endpoint> metrics = net::Endpoint::parse("127.0.0.1:9484");
};

struct LogConfig {
    std::string level = "info";
    std::string format = "logfmt";
};

struct Config {
    NodeConfig node;
    NetworkConfig network;
    std::vector<PeerConfig> peers;           // in file order
    std::vector<DiscoveryConfig> discovery;  // in file order
    CniConfig cni;
    FirewallConfig firewall;
    GossipConfig gossip;
    ApiConfig api;
    LogConfig log;
    sys::Offloads offloads;  // WEFT_OFFLOAD_OFF applied
    /// Dotted key ("node.mtu", "peer.NAME.endpoint", "discovery.0.exec", "offload.tun_tso") to
    /// where its value came from: "default", "weft.toml:3:8", "WEFT_ISA", "--socket".
    std::map<std::string, std::string> origins;
};

/// Where things are; each from its flag, else its environment variable, else the default.
struct Paths {
    std::filesystem::path config =
        "/etc/weft/weft.toml";                          // WEFT_CONFIG; weft.toml.d/ lies beside it
    std::filesystem::path state_dir = "/var/lib/weft";  // WEFT_STATE_DIR
    std::filesystem::path run_dir = "/run/weft";        // WEFT_RUN_DIR
    std::optional<std::filesystem::path> socket;        // WEFT_SOCKET; else from the config

    static Paths from_environment();
};

/// Reads weft.toml (where it is not named, there need be none) and weft.toml.d/*.toml in name
/// order, applies the environment, checks everything that can be checked without touching the
/// network: unknown keys (naming the nearest known one), types, ranges, prefixes that two peers
/// claim, keys that are not 32 bytes of base64, key files that cannot be used (their content is not
/// kept). Relative key files start at the directory of weft.toml. Of two files that set a key the
/// later wins; peers add up. Errors: "FILE:LINE:COLUMN: cause", the first that is found.
[[nodiscard]] Result<Config> load(const Paths& paths);

/// Where a client finds the daemon: paths.socket, else api.socket of the files as far as they can
/// be read, else run_dir/weftd.sock.
[[nodiscard]] std::filesystem::path find_socket(const Paths& paths);

/// A weft.toml that loads to the same values; with each value's origin as a comment if wished.
[[nodiscard]] std::string to_toml(const Config& config, bool with_origins);

/// {"api","config":{"node":{…},"api":{…},"log":{…},"offload":{…},"peer":[…],"discovery":[…]},
/// "origins":{KEY:PLACE}};
/// what is not set is null. The answer to GET /v1/config too. No secrets: key files are named only.
[[nodiscard]] std::string to_json(const Config& config);

/// A private or preshared key file in wg's format: base64 and a newline. Errors: missing, a
/// symlink, readable by group or others (remedy: chmod 600), not a key.
[[nodiscard]] Result<Secret<32>> load_key_file(const std::filesystem::path& file);

}  // namespace weft::config
