// SPDX-License-Identifier: Apache-2.0
// POST /v1/ping: the request and the reply as JSON. The request comes from whoever may open the
// socket: its numbers are bounded here. Pure; any thread.
#include <weft/api/status.hpp>

#include "json_reader.hpp"
#include "json_writer.hpp"

namespace weft::api {
namespace {

namespace json = boost::json;

}  // namespace

std::string to_json(const PingRequest& request) {
    return json::serialize(json::object{{"target", request.target},
                                        {"count", request.count},
                                        {"interval_ms", request.interval_ms},
                                        {"timeout_ms", request.timeout_ms}});
}

Result<PingRequest> parse_ping_request(std::string_view text) {
    return parse_document<PingRequest>(text, [](JsonReader& reader, PingRequest& request) {
        reader.read("target", request.target);
        reader.read_if_there("count", request.count, kPingCountMax);
        reader.read_if_there("interval_ms", request.interval_ms, kPingTimeoutMaxMs);
        reader.read_if_there("timeout_ms", request.timeout_ms, kPingTimeoutMaxMs);
        if (request.target.empty() || request.target.size() > kPingTargetMax) {
            reader.fail("target", "must be 1.." + std::to_string(kPingTargetMax) + " characters");
        }
    });
}

std::string to_json(const PingReply& reply) {
    json::array times;
    for (const auto& time : reply.rtt_us) {
        times.push_back(nullable(time));
    }
    return json::serialize(json::object{{"api", kApiVersion},
                                        {"target", reply.target},
                                        {"peer", reply.peer},
                                        {"address", reply.address},
                                        {"session", reply.session},
                                        {"sent", reply.sent},
                                        {"received", reply.received},
                                        {"rtt_us", std::move(times)}});
}

Result<PingReply> parse_ping_reply(std::string_view text) {
    return parse_document<PingReply>(text, [](JsonReader& reader, PingReply& reply) {
        reader.read("target", reply.target);
        reader.read("peer", reply.peer);
        reader.read("address", reply.address);
        reader.read("session", reply.session);
        reader.read("sent", reply.sent);
        reader.read("received", reply.received);
        const json::array* times = reader.find_array("rtt_us");
        for (std::size_t i = 0; times != nullptr && i < times->size(); ++i) {
            auto& time = reply.rtt_us.emplace_back();
            if (!(*times)[i].is_null()) {
                reader.number((*times)[i], "rtt_us", time.emplace());
            }
        }
    });
}

}  // namespace weft::api
