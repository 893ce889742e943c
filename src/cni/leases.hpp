// SPDX-License-Identifier: Apache-2.0
// The ledger as the verbs use it: reserve before anything is done, give back afterwards. Each call
// holds the ledger's lock for its own few milliseconds only.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <weft/api/node_file.hpp>
#include <weft/ipam/store.hpp>
#include <weft/netlink/rtnetlink.hpp>

#include "config.hpp"
#include "failure.hpp"

namespace weft::cni {

/// What a reservation is made from.
struct Reservation {
    const Config& config;
    const api::NodeFile& node;
    const ipam::Attachment& attachment;
    const Wishes& wishes;
};

/// One address of each family of the node's blocks, on the disk when this returns. An earlier lease
/// of the attachment ends, and its link goes. Errors: 100, 101, 102, 103, 11 (somebody holds the
/// lock), 7 (a wish that cannot be met).
[[nodiscard]] Outcome<ipam::Addresses> reserve(netlink::Rtnetlink& host, const Reservation& wanted);

/// As an ADD that failed gives them back: at once.
void drop(const Config& config, const ipam::Attachment& attachment);
/// As DEL gives them back: they rest. Where there is no ledger or no lease, there is nothing to do.
/// Errors: as of reserve(); the lease is found as stale when its address is needed.
[[nodiscard]] Outcome<> release(const Config& config, const ipam::Attachment& attachment);

/// Ends the leases of this network that are not in `valid`, with their links. Goes on after errors
/// and tells the first.
[[nodiscard]] Outcome<> collect_garbage(netlink::Rtnetlink& host,
                                        const Config& config,
                                        const std::vector<ipam::Attachment>& valid);

/// Whether there are addresses for a reservation. Writes nothing.
[[nodiscard]] Outcome<> check_stock(netlink::Rtnetlink& host,
                                    const Config& config,
                                    const api::NodeFile& node);
/// As it is now. Writes nothing.
[[nodiscard]] Outcome<ipam::Ledger> read_ledger(const Config& config);

}  // namespace weft::cni
