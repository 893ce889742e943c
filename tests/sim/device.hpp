// SPDX-License-Identifier: Apache-2.0
// A simulated node's WireGuard device, as the daemon's reconciler keeps it: peers, who has which
// prefix (the last to whom it was given), and the routes that lead here. Changes come by
// control/reconcile's smallest differences alone, as in Node::Impl::apply_members.
#pragma once

#include <map>
#include <set>
#include <string>

#include "reconcile.hpp"

namespace weft::sim {

class SimDevice {
  public:
    /// The device as the node wants it now. What is wrong then, or empty.
    [[nodiscard]] std::string reconcile(const std::map<crypto::PublicKey, mesh::WantedPeer>& wanted,
                                        std::span<const net::Prefix> pools);
    /// The interface went with its daemon.
    void clear() { *this = SimDevice{}; }

  private:
    void apply(const control::DeviceEdit& edit);
    [[nodiscard]] control::PeerMap in_force() const;
    [[nodiscard]] std::string fault(const control::PeerMap& wanted,
                                    std::span<const net::Prefix> pools) const;

    std::set<control::KeyBytes> peers_;
    std::map<net::Prefix, control::KeyBytes> owners_;  // cryptokey routing
    std::set<net::Prefix> routes_;
};

}  // namespace weft::sim
