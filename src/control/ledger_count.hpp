// SPDX-License-Identifier: Apache-2.0
// How full the containers' ledger is, in this node's blocks. The daemon reads the ledger and never
// writes it. Control thread.
#pragma once

#include <span>

#include <weft/control/vitals.hpp>
#include <weft/ipam/ledger.hpp>

namespace weft::control {

/// Pure. A family without a block has no count.
[[nodiscard]] LedgerCount count_ledger(const ipam::Ledger& ledger,
                                       std::span<const net::Prefix> blocks,
                                       ipam::UnixMs now);

}  // namespace weft::control
