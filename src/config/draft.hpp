// SPDX-License-Identifier: Apache-2.0
// A configuration while it is being put together: the values so far, and the places that the checks
// across sections will name. Steps, in the order of load(): read files (sections.cpp), the
// environment (environment.cpp), checks (check.cpp).
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/config/config.hpp>
#include <weft/net/address.hpp>

namespace weft::config {

/// A prefix and the place that wrote it.
struct PlacedPrefix {
    net::Prefix prefix;
    std::string where;
};

struct PeerDraft {
    PeerConfig peer;
    std::map<std::string, std::string> origins;  // key within the section to place
    std::vector<PlacedPrefix> allowed_ips;       // as in peer, with places
};

struct DiscoveryDraft {
    DiscoveryConfig source;
    std::map<std::string, std::string> origins;  // key within the section to place
};

struct Draft {
    NodeConfig node;
    NetworkConfig network;
    CniConfig cni;
    FirewallConfig firewall;
    GossipConfig gossip;
    ApiConfig api;
    LogConfig log;
    sys::Offloads offloads;
    std::vector<PeerDraft> peers;
    std::vector<DiscoveryDraft> discovery;
    std::map<std::string, std::string> origins;  // of all but these two: dotted key to place
    std::vector<PlacedPrefix> addresses;         // as in node, with places
    std::filesystem::path directory;             // of weft.toml: relative paths start here
    std::string main_file;                       // "weft.toml", for messages about the whole
};

/// Adds the text of one file, named `file` in messages: keys replace, peers and sources of
/// discovery append. Checks keys, types and ranges.
[[nodiscard]] Result<> add_file(Draft& draft, std::string_view text, std::string_view file);

/// The value of api.socket in one file, if it can be read at all.
[[nodiscard]] std::filesystem::path socket_in(std::string_view text);

/// Applies WEFT_ISA, WEFT_OFFLOAD_OFF, WEFT_SOCKET and WEFT_RUN_DIR (the last two through `paths`,
/// where a flag may have replaced them).
[[nodiscard]] Result<> apply_environment(Draft& draft, const Paths& paths);

/// What one key alone cannot tell: required keys, doubles, overlaps, key files.
[[nodiscard]] Result<> check(const Draft& draft);

}  // namespace weft::config
