// SPDX-License-Identifier: Apache-2.0
// What the node says of itself, and whether it can take containers.
#pragma once

#include <weft/api/node_file.hpp>
#include <weft/netlink/rtnetlink.hpp>

#include "config.hpp"
#include "failure.hpp"

namespace weft::cni {

/// Of this boot and ready. Errors: 1 (another schema), 11 (everything else).
[[nodiscard]] Outcome<api::NodeFile> read_ready_node(const Config& config);

/// Packets of containers are forwarded by the kernel. Errors: 11.
[[nodiscard]] Outcome<> check_forwarding(const api::NodeFile& node);

/// The overlay's interface is there: it goes with a daemon that was killed and said nothing.
/// Errors: 11.
[[nodiscard]] Outcome<> check_interface(netlink::Rtnetlink& host, const api::NodeFile& node);

/// The interface's: the configuration's, or the node's. Errors: more than the node's (7).
[[nodiscard]] Outcome<std::uint32_t> choose_mtu(const Config& config, const api::NodeFile& node);

}  // namespace weft::cni
