// SPDX-License-Identifier: Apache-2.0
// What the node and the daemon count, in Prometheus' text format 0.0.4: the same values that
// status, members and ipam show, none counted again. Pure; control thread.
//
// Names: weft_, base units, _total for what only grows. The number of series is bounded: peers have
// series of their own up to kPeersNamed, the others one together; all other labels are fixed words.
#pragma once

#include <optional>
#include <string>

#include <weft/api/gossip.hpp>
#include <weft/api/network.hpp>
#include <weft/api/network_keys.hpp>
#include <weft/api/status.hpp>
#include <weft/control/vitals.hpp>

#include "process_usage.hpp"

namespace weft::server {

inline constexpr std::size_t kPeersNamed = 200;
/// The label of the others: no peer can be called so.
inline constexpr const char* kOtherPeers = "(others)";

struct MetricsInput {
    api::Status status;
    api::GossipStatus gossip;
    api::Ipam ipam;
    std::optional<api::CertificateStatus> certificate;
    control::Vitals vitals;
    control::ContainerCounts containers;
    ProcessUsage process;
};

[[nodiscard]] std::string metrics_text(const MetricsInput& input);

}  // namespace weft::server
