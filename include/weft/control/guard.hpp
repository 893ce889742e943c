// SPDX-License-Identifier: Apache-2.0
// The guards without the daemon: before the network is up and after the daemon is gone nothing of
// the pool enters or leaves the machine. What they guard is in the configuration and the state;
// what is to go is seen in the kernel.
// Blocking; the daemon's program runs it as `weftd --guard up|down` and ends.
#pragma once

#include <weft/base/result.hpp>
#include <weft/config/config.hpp>

namespace weft::control {

/// Routing, then nftables, in force. Where a daemon runs whose tables nobody else can change, they
/// are in force already. Nothing is done where the node is in no network and no lockdown is wanted.
[[nodiscard]] Result<> guard_up(const config::Config& config, const config::Paths& paths);

/// Nothing of it remains, whatever configuration and state say. Errors: also a daemon that runs
/// (EPERM).
[[nodiscard]] Result<> guard_down();

}  // namespace weft::control
