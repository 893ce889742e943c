// SPDX-License-Identifier: Apache-2.0
// /run/weft/node.json: what weftd tells the CNI plugin of its node, in a file, so that the plugin
// asks and waits for nobody. Written whole (temporary file, rename) and readable by all; rewritten
// with `ready` false when the daemon stops. To the plugin it is input that may be hostile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/net/address.hpp>

namespace weft::api {

inline constexpr unsigned kNodeFileSchema = 1;
inline constexpr const char* kNodeFileName = "node.json";  // in the run directory
inline constexpr const char* kNodeFileDefault = "/run/weft/node.json";
/// What runtimes are told by, in cni.conf_dir, and what they run then, in cni.bin_dir.
inline constexpr const char* kConflistName = "10-weft.conflist";
inline constexpr const char* kPluginName = "weft-cni";
inline constexpr std::size_t kNodeFileMax = 64 << 10;
inline constexpr std::size_t kNodePrefixesMax = 64;  // blocks, and pools

struct NodeFile {
    bool ready = false;
    std::string reason;      ///< why it is not; else ""
    std::string network_id;  ///< 32 hex digits; "": in no network
    std::string node;        ///< its name
    std::string interface;
    std::uint32_t mtu = 0;
    std::uint32_t gso_max_segs = 0;   ///< of what containers send through it; 0: not told
    std::vector<net::Prefix> blocks;  ///< the containers', without host bits
    std::vector<net::Prefix> pools;
    std::optional<net::IpAddress> gateway4;  ///< the node's own addresses in its blocks
    std::optional<net::IpAddress> gateway6;
    std::string boot_id;
    std::int64_t written_ms = 0;

    friend bool operator==(const NodeFile&, const NodeFile&) = default;
};

[[nodiscard]] std::string to_json(const NodeFile& file);

/// Fields that are not known are ignored. Errors: not JSON, a field missing or of another type
/// (EINVAL); another schema (EPROTO); of a ready node blocks that are no unicast prefixes of its
/// pools, gateways outside of its blocks or none of a block's family, an MTU or names that no
/// interface has (EINVAL).
[[nodiscard]] Result<NodeFile> parse_node_file(std::string_view text);

/// Reads and parses; follows no link, reads regular files of at most kNodeFileMax alone.
[[nodiscard]] Result<NodeFile> read_node_file(const std::filesystem::path& file);

}  // namespace weft::api
