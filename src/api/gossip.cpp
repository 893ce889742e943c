// SPDX-License-Identifier: Apache-2.0
// See gossip.hpp. Pure; any thread.
#include <weft/api/gossip.hpp>
#include <weft/api/status.hpp>

#include "json_reader.hpp"

namespace weft::api {
namespace {

boost::json::object counts_json(const GossipStatus::Counts& counts) {
    boost::json::object out;
    for (const auto& [key, count] : counts) {
        out.emplace(key, count);
    }
    return out;
}

void read_counts(JsonReader& reader, std::string_view key, GossipStatus::Counts& out) {
    JsonReader counts = reader.child(key);
    for (const auto& [word, count] : counts.object()) {
        counts.number(count, word, out[std::string{word}]);
    }
}

}  // namespace

std::string to_json(const GossipStatus& status) {
    return boost::json::serialize(boost::json::object{{"api", kApiVersion},
                                                      {"members", counts_json(status.members)},
                                                      {"counters", counts_json(status.counters)},
                                                      {"rejected", counts_json(status.rejected)}});
}

Result<GossipStatus> parse_gossip(std::string_view text) {
    return parse_reply<GossipStatus>(text, [](JsonReader& reader, GossipStatus& status) {
        read_counts(reader, "members", status.members);
        read_counts(reader, "counters", status.counters);
        read_counts(reader, "rejected", status.rejected);
    });
}

}  // namespace weft::api
