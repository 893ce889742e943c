// SPDX-License-Identifier: Apache-2.0
// What gossip has counted since the daemon's start, as values and as JSON. Keys of each map are
// fixed words; a reply without a network has no members and zeros.
//
//   GET /v1/gossip -> GossipStatus
//   members   alive suspect dead left
//   counters  datagrams_in datagrams_out bytes_in bytes_out unopened malformed older over_budget
//             equivocated suspicions deaths refutations syncs
//   rejected  records and statements that were not good, by reason
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <weft/base/result.hpp>

namespace weft::api {

struct GossipStatus {
    using Counts = std::map<std::string, std::uint64_t>;
    Counts members;
    Counts counters;
    Counts rejected;
    friend bool operator==(const GossipStatus&, const GossipStatus&) = default;
};

[[nodiscard]] std::string to_json(const GossipStatus& status);
[[nodiscard]] Result<GossipStatus> parse_gossip(std::string_view text);

}  // namespace weft::api
