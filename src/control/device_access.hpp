// SPDX-License-Identifier: Apache-2.0
// DeviceEdit and DeviceView against the engine: a whole edit in one Engine::change, so that packets
// see all of it or none. Control thread.
#pragma once

#include <functional>

#include <weft/base/result.hpp>
#include <weft/control/device_edit.hpp>
#include <weft/dataplane/engine.hpp>
#include <weft/mesh/peers.hpp>

#include "peer_watch.hpp"

namespace weft::control {

/// Port and mark first (they can fail), then keys and peers. Our own key as a peer is ignored, as
/// by the kernel; an all-zero private key removes it. Errors: too many peers, rebind's; nothing is
/// changed then.
Result<> apply_edit(dataplane::Engine& engine, const DeviceEdit& edit);

/// `with_secrets`: private and preshared keys too.
[[nodiscard]] DeviceView view_of(dataplane::Engine& engine, bool with_secrets);

/// Without prefixes and counters, for each second's look.
[[nodiscard]] std::vector<PeerSample> samples_of(dataplane::Engine& engine);

/// For the caller of members without a session; under the device's lock.
[[nodiscard]] mesh::Caller::Peer caller_view(const wg::Tunnel& tunnel, wg::Now now);

/// Peers whose path `has_moved` are answered from the address that routing chooses, until they have
/// been heard again. Called for paths with a source, outside of the device's lock.
void forget_sources(dataplane::Engine& engine,
                    const std::function<bool(const net::Path&)>& has_moved);

}  // namespace weft::control
