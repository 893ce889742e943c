// SPDX-License-Identifier: Apache-2.0
// See api_routes.hpp. Control thread.
#include "api_routes.hpp"

#include <array>
#include <utility>

#include <boost/json.hpp>

#include <weft/api/status.hpp>
#include <weft/base/utf8.hpp>

#include "ping.hpp"

namespace weft::server {
namespace {

constexpr std::size_t kShownMax = 64;  // bytes of a path that is not there

struct RouteEntry {
    std::string_view method;
    std::string_view path;
    Route route;
};
constexpr std::array kRoutes = {
    RouteEntry{"GET", "/v1/status", Route::kStatus},
    RouteEntry{"GET", "/v1/peers", Route::kPeers},
    RouteEntry{"GET", "/v1/config", Route::kConfig},
    RouteEntry{"POST", "/v1/ping", Route::kPing},
    RouteEntry{"POST", "/v1/reload", Route::kReload},
};

PingPlan plan_of(const api::PingRequest& request) {
    PingPlan plan;
    plan.count = request.count;
    plan.interval = std::chrono::milliseconds{request.interval_ms};
    plan.timeout = std::chrono::milliseconds{request.timeout_ms};
    return plan;
}

}  // namespace

Route find_route(std::string_view method, std::string_view target, std::string& allow) {
    const std::string_view path = target.substr(0, target.find('?'));
    for (const RouteEntry& entry : kRoutes) {
        if (entry.path != path) {
            continue;
        }
        if (entry.method == method) {
            return entry.route;
        }
        allow = entry.method;
        return Route::kWrongMethod;
    }
    return Route::kUnknown;
}

ApiResponse error_response(unsigned status, std::string_view code, const Error& error) {
    return {status, api::error_to_json(code, error), {}};
}

void ApiRoutes::handle(const ApiRequest& request, const Reply& reply) {
    std::string allow;
    switch (find_route(request.method, request.target, allow)) {
        case Route::kStatus:
            reply({200, api::to_json(node_.status()), {}});
            return;
        case Route::kPeers:
            reply(peers());
            return;
        case Route::kConfig:
            reply({200, node_.config_json(), {}});
            return;
        case Route::kPing:
            ping(request, reply);
            return;
        case Route::kReload:
            reply(reload(request));
            return;
        case Route::kUnknown:
            reply(error_response(
                404,
                "not_found",
                {std::make_error_code(std::errc::no_such_file_or_directory),
                 "there is no " + utf8_excerpt(request.target, kShownMax),
                 "GET /v1/status, /v1/peers, /v1/config; POST /v1/ping, /v1/reload"}));
            return;
        case Route::kWrongMethod: {
            ApiResponse response =
                error_response(405,
                               "method_not_allowed",
                               {std::make_error_code(std::errc::operation_not_supported),
                                "only " + allow + " is possible here",
                                {}});
            response.allow = std::move(allow);
            reply(std::move(response));
            return;
        }
    }
}

ApiResponse ApiRoutes::peers() {
    return {200, api::peers_to_json(node_.status().peers), {}};
}

ApiResponse ApiRoutes::reload(const ApiRequest& request) {
    if (request.uid != uid_t{0}) {
        return error_response(403,
                              "forbidden",
                              {std::make_error_code(std::errc::operation_not_permitted),
                               "only root may change the node",
                               "sudo weft reload"});
    }
    if (Result<> reloaded = node_.reload(); !reloaded) {
        return error_response(422, "config_rejected", reloaded.error());
    }
    boost::json::object answer;
    answer["api"] = api::kApiVersion;
    answer["reloaded"] = true;
    return {200, boost::json::serialize(answer), {}};
}

void ApiRoutes::ping(const ApiRequest& request, const Reply& reply) {
    const Result<api::PingRequest> parsed = api::parse_ping_request(request.body);
    if (!parsed) {
        reply(error_response(400, "bad_request", parsed.error()));
        return;
    }
    PingPlan plan = plan_of(*parsed);
    if (Result<> checked = check_ping_plan(plan); !checked) {
        reply(error_response(400, "bad_request", checked.error()));
        return;
    }
    const Result<control::PingTarget> target = node_.ping_target(parsed->target);
    if (!target) {
        reply(error_response(404, "no_such_peer", target.error()));
        return;
    }
    if (request.uid != uid_t{0} && pings_ >= kPingsMax) {
        reply(error_response(503,
                             "busy",
                             {std::make_error_code(std::errc::resource_unavailable_try_again),
                              std::to_string(pings_) + " pings are under way",
                              "wait until some of them are over"}));
        return;
    }
    plan.interface = node_.interface();
    plan.address = target->address;
    const auto on_done =
        [this, reply, name = parsed->target, target = *target](const PingResult& result) {
            --pings_;
            api::PingReply answer;
            answer.target = name;
            answer.peer = target.peer;
            answer.address = target.address.to_string();
            answer.session = node_.session_of(target.public_key);
            answer.sent = result.sent;
            answer.received = result.received;
            answer.rtt_us = result.rtt_us;
            reply({200, api::to_json(answer), {}});
        };
    if (Result<> started = start_ping(loop_, plan, on_done); !started) {
        reply(error_response(500, "ping_failed", started.error()));
        return;
    }
    ++pings_;
}

}  // namespace weft::server
