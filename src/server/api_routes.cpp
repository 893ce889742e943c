// SPDX-License-Identifier: Apache-2.0
// See api_routes.hpp. Control thread.
#include "api_routes.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json.hpp>

#include <weft/api/status.hpp>
#include <weft/base/utf8.hpp>

#include "page_routes.hpp"
#include "ping.hpp"

namespace weft::server {
namespace {

constexpr std::size_t kShownMax = 64;  // bytes of a path that is not there

enum class For : std::uint8_t { kAll, kRoot };

struct RouteEntry {
    std::string_view method;
    std::string_view path;  // with a slash at its end: one word follows
    Route route;
    For whom = For::kAll;
};
constexpr std::array kRoutes = {
    RouteEntry{"GET", "/v1/status", Route::kStatus},
    RouteEntry{"GET", "/v1/peers", Route::kPeers},
    RouteEntry{"GET", "/v1/members", Route::kMembers},
    RouteEntry{"GET", "/v1/ipam", Route::kIpam},
    RouteEntry{"GET", "/v1/gossip", Route::kGossip},
    RouteEntry{"GET", "/v1/config", Route::kConfig},
    RouteEntry{"GET", "/v1/check", Route::kCheck},
    RouteEntry{"GET", "/v1/check/", Route::kCheckPeer},
    RouteEntry{"GET", "/v1/events", Route::kEvents},
    RouteEntry{"POST", "/v1/down", Route::kDown, For::kRoot},
    RouteEntry{"POST", "/v1/ping", Route::kPing},
    RouteEntry{"POST", "/v1/reload", Route::kReload, For::kRoot},
    RouteEntry{"POST", "/v1/init", Route::kInit, For::kRoot},
    RouteEntry{"POST", "/v1/join", Route::kJoin, For::kRoot},
    RouteEntry{"POST", "/v1/leave", Route::kLeave, For::kRoot},
    RouteEntry{"GET", "/v1/tokens", Route::kTokens},
    RouteEntry{"POST", "/v1/tokens", Route::kCreateToken, For::kRoot},
    RouteEntry{"DELETE", "/v1/tokens/", Route::kWithdrawToken, For::kRoot},
    RouteEntry{"DELETE", "/v1/nodes/", Route::kRemoveNode, For::kRoot},
    RouteEntry{"POST", "/v1/rotate", Route::kRotate, For::kRoot},
    RouteEntry{"GET", "/v1/certificate", Route::kCertificate},
    RouteEntry{"POST", "/v1/certificate/request", Route::kRequestCertificate, For::kRoot},
    RouteEntry{"POST", "/v1/certificate/sign", Route::kSignCertificate, For::kRoot},
    RouteEntry{"POST", "/v1/certificate/install", Route::kInstallCertificate, For::kRoot},
    RouteEntry{"POST", "/v1/root/export", Route::kExportRoot, For::kRoot},
    RouteEntry{"POST", "/v1/root/import", Route::kImportRoot, For::kRoot},
    RouteEntry{"DELETE", "/v1/root", Route::kRemoveRoot, For::kRoot},
    RouteEntry{"GET", "/v1/issuers", Route::kIssuers},
    RouteEntry{"POST", "/v1/issuers", Route::kAddIssuer, For::kRoot},
    RouteEntry{"POST", "/v1/issuers/request", Route::kRequestIssuer, For::kRoot},
    RouteEntry{"POST", "/v1/issuers/alone", Route::kIssueAlone, For::kRoot},
    RouteEntry{"DELETE", "/v1/issuers/", Route::kRevokeIssuer, For::kRoot},
};

/// The word behind the entry's path, or nothing where the path is another.
std::optional<std::string_view> match(const RouteEntry& entry, std::string_view path) {
    if (!entry.path.ends_with('/')) {
        return path == entry.path ? std::optional{std::string_view{}} : std::nullopt;
    }
    if (!path.starts_with(entry.path)) {
        return std::nullopt;
    }
    const std::string_view word = path.substr(entry.path.size());
    const bool good = !word.empty() && word.find('/') == std::string_view::npos;
    return good ? std::optional{word} : std::nullopt;
}

bool needs_root(Route route) {
    const auto entry = std::find_if(
        kRoutes.begin(), kRoutes.end(), [route](const auto& each) { return each.route == route; });
    return entry != kRoutes.end() && entry->whom == For::kRoot;
}

HttpResponse not_found(std::string_view target) {
    std::string known;
    for (const RouteEntry& entry : kRoutes) {
        known += (known.empty() ? "" : ", ") + std::string{entry.method} + " " +
                 std::string{entry.path} + (entry.path.ends_with('/') ? "…" : "");
    }
    return error_response(404,
                          "not_found",
                          {std::make_error_code(std::errc::no_such_file_or_directory),
                           "there is no " + utf8_excerpt(target, kShownMax),
                           known});
}

HttpResponse wrong_method(std::string allow) {
    HttpResponse response =
        error_response(405,
                       "method_not_allowed",
                       {std::make_error_code(std::errc::operation_not_supported),
                        "only " + allow + " is possible here",
                        {}});
    response.allow = std::move(allow);
    return response;
}

HttpResponse forbidden() {
    return error_response(403,
                          "forbidden",
                          {std::make_error_code(std::errc::operation_not_permitted),
                           "only root may change the node",
                           "the same again with sudo"});
}

PingPlan plan_of(const api::PingRequest& request) {
    PingPlan plan;
    plan.count = request.count;
    plan.interval = std::chrono::milliseconds{request.interval_ms};
    plan.timeout = std::chrono::milliseconds{request.timeout_ms};
    return plan;
}

}  // namespace

FoundRoute find_route(std::string_view method, std::string_view target) {
    const std::string_view path = target.substr(0, target.find('?'));
    FoundRoute found;
    for (const RouteEntry& entry : kRoutes) {
        const auto subject = match(entry, path);
        if (!subject) {
            continue;
        }
        if (entry.method == method) {
            return {entry.route, {}, std::string{*subject}};
        }
        found.route = Route::kWrongMethod;
        found.allow += (found.allow.empty() ? "" : ", ") + std::string{entry.method};
    }
    return found;
}

HttpResponse error_response(unsigned status, std::string_view code, const Error& error) {
    return {status, api::error_to_json(code, error), {}};
}

void ApiRoutes::handle(const HttpRequest& request, const Reply& reply) {
    const FoundRoute found = find_route(request.method, request.target);
    if (needs_root(found.route) && request.uid != uid_t{0}) {
        reply(forbidden());
        return;
    }
    if (found.route == Route::kPing) {  // this one and the next ones take their time
        ping(request, reply);
    } else if (found.route == Route::kCheckPeer) {
        check_peer(found.subject, reply);
    } else if (found.route == Route::kJoin) {
        join(request, reply);
    } else if (found.route == Route::kLeave) {
        leave(reply);
    } else if (found.route == Route::kExportRoot || found.route == Route::kImportRoot) {
        root_answer(found, request, reply);
    } else {
        reply(answer(found, request));
    }
}

HttpResponse ApiRoutes::answer(const FoundRoute& found, const HttpRequest& request) {
    switch (found.route) {
        case Route::kStatus:
            return {200, api::to_json(node_.status()), {}};
        case Route::kPeers:
            return peers();
        case Route::kConfig:
            return {200, node_.config_json(), {}};
        case Route::kCheck:
            return {200, api::to_json(node_.check()), {}};
        case Route::kEvents:
            return {200, events_json(log_.recent()), {}};
        case Route::kDown:
            node_.end_soon();
            return network_response(Result<>{});
        case Route::kReload:
            return reload();
        case Route::kInit:
            return init(request);
        case Route::kTokens:
            return tokens();
        case Route::kCreateToken:
            return create_token(request);
        case Route::kWithdrawToken:
            return network_response(node_.network().withdraw_token(found.subject));
        case Route::kMembers:
            return {200, api::to_json(node_.network().members()), {}};
        case Route::kRemoveNode:
            return network_response(node_.network().remove_node(found.subject));
        case Route::kIpam:
            return {200, api::to_json(node_.network().ipam()), {}};
        case Route::kGossip:
            return {200, api::to_json(node_.network().gossip()), {}};
        case Route::kRotate:
        case Route::kCertificate:
        case Route::kRequestCertificate:
        case Route::kSignCertificate:
        case Route::kInstallCertificate:
        case Route::kRemoveRoot:
        case Route::kIssuers:
        case Route::kRequestIssuer:
        case Route::kAddIssuer:
        case Route::kIssueAlone:
        case Route::kRevokeIssuer:
            return key_answer(found, request);
        case Route::kWrongMethod:
            return wrong_method(found.allow);
        case Route::kPing:
        case Route::kCheckPeer:
        case Route::kJoin:
        case Route::kLeave:
        case Route::kExportRoot:
        case Route::kImportRoot:
        case Route::kUnknown:
            break;
    }
    return not_found(request.target);
}

HttpResponse ApiRoutes::peers() {
    return {200, api::peers_to_json(node_.status().peers), {}};
}

HttpResponse ApiRoutes::reload() {
    if (Result<> reloaded = node_.reload(); !reloaded) {
        return error_response(422, "config_rejected", reloaded.error());
    }
    boost::json::object answer;
    answer["api"] = api::kApiVersion;
    answer["reloaded"] = true;
    return {200, boost::json::serialize(answer), {}};
}

void ApiRoutes::check_peer(const std::string& name, const Reply& reply) {
    const auto on_done = [reply](const std::vector<api::Check>& checks) {
        reply({200, api::to_json(checks), {}});
    };
    if (Result<> started = node_.check_peer(name, on_done); !started) {
        const bool busy = started.error().code == std::errc::resource_unavailable_try_again;
        reply(error_response(busy ? 503 : 404, busy ? "busy" : "no_such_peer", started.error()));
    }
}

void ApiRoutes::ping(const HttpRequest& request, const Reply& reply) {
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
