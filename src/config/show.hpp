// SPDX-License-Identifier: Apache-2.0
// A configuration as sections of settings, from which its TOML and its JSON are printed. Pure.
#pragma once

#include <string>
#include <vector>

#include <weft/config/config.hpp>

namespace weft::config {

struct Setting {
    std::string key;
    std::string literal;  // as TOML and JSON both write it; empty: not set
};

struct Section {
    std::string name;  // "node", "network", "peer", "discovery", "cni", "api", "log", "offload"
    std::string path;  // in origins: as name, but "peer.NAME" and "discovery.NUMBER"
    std::vector<Setting> settings;
};

/// In the order of weft.toml; "offload" last, which is no section of the file.
[[nodiscard]] std::vector<Section> sections_of(const Config& config);

}  // namespace weft::config
