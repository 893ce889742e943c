// SPDX-License-Identifier: Apache-2.0
// What a runtime sends on stdin: the network's configuration with the runtime's own keys in it (CNI
// specification 1.1.0, section 1 and section 2, "Execution protocol"). Unknown keys are others'.
// Pure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include <weft/ipam/ledger.hpp>

#include "environment.hpp"
#include "failure.hpp"

namespace weft::cni {

inline constexpr std::size_t kConfigMax = 1 << 20;

/// In the order of their release.
enum class Version { k031, k040, k100, k110 };
inline constexpr Version kNewest = Version::k110;
[[nodiscard]] std::optional<Version> parse_version(std::string_view text);
[[nodiscard]] const char* to_text(Version version);

struct Config {
    Version version = kNewest;
    std::string name;
    std::filesystem::path node_file;
    std::filesystem::path state_dir;
    std::uint32_t mtu = 0;                               // 0: the node's
    Wishes wishes;                                       // of capabilities and args.cni
    std::optional<boost::json::object> previous;         // prevResult
    std::optional<boost::json::object> dns;              // handed on
    std::optional<std::vector<ipam::Attachment>> valid;  // of GC; nothing: not told
};

/// What a verb reads of a configuration. DEL and GC read as little as they need, so that a mistake
/// in the rest of it keeps no container from being removed.
enum class Extent { kWhole, kEnding };
[[nodiscard]] Extent extent_of(std::string_view command);

/// Errors: not JSON (6); a version that is not known (1); a key that is missing or wrong (7).
[[nodiscard]] Outcome<Config> parse_config(std::string_view text, Extent extent = Extent::kWhole);
/// The version alone, of whatever is there; what is no version is the newest.
[[nodiscard]] Version version_of(std::string_view text);

/// Keys of runtimeConfig: some runtimes write them as their own fields are spelled.
[[nodiscard]] const boost::json::value* find_ignoring_case(const boost::json::object& object,
                                                           std::string_view key);

}  // namespace weft::cni
