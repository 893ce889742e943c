// SPDX-License-Identifier: Apache-2.0
// Where a node keeps what mesh::State keeps. Control thread, or the guard.
#pragma once

#include <filesystem>

#include <weft/config/config.hpp>

namespace weft::control {

inline std::filesystem::path network_directory(const config::Paths& paths,
                                               const config::Config& config) {
    return paths.state_dir / (config.node.interface + ".network");
}

}  // namespace weft::control
