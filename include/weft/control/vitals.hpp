// SPDX-License-Identifier: Apache-2.0
// How the daemon itself is, beside what status tells of the node: for metrics and health checks.
// Values; control thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <weft/ipam/requests.hpp>
#include <weft/net/address.hpp>

namespace weft::control {

/// The control loop's look at the node, each second: how late it began.
struct LoopLag {
    std::uint64_t rounds = 0;
    std::chrono::nanoseconds last{0};
    std::chrono::nanoseconds total{0};
};

/// Containers' addresses of one family: in this node's blocks, by the ledger.
struct AddressCount {
    net::Family family = net::Family::kIpv4;
    double assignable = 0;  // there are more in a /64 than an integer holds
    std::uint64_t leased = 0;
    std::uint64_t resting = 0;
};
struct LedgerCount {
    std::uint64_t leases = 0;  // interfaces of containers
    std::vector<AddressCount> addresses;
};

/// Nothing: it cannot be read.
struct ContainerCounts {
    std::optional<LedgerCount> ledger;
    std::optional<ipam::RequestCounts> requests;  // to weft-cni
};

struct Vitals {
    std::string not_alive;  // why; "": each thread of the data plane goes round
    std::string not_ready;  // as node.json's reason; "": ready
    LoopLag lag;
    std::uint64_t guards_restored = 0;  // rules and routing that somebody else had removed
};

}  // namespace weft::control
