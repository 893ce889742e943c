// SPDX-License-Identifier: Apache-2.0
// The network's part of the API: requests parsed, the network asked, its errors told as HTTP does.
// Control thread.
#include <array>

#include <weft/api/network.hpp>
#include <weft/control/network.hpp>

#include "api_routes.hpp"

namespace weft::server {
namespace {

struct ErrorKind {
    std::errc error;
    unsigned status;
    std::string_view code;
};
constexpr std::array kErrorKinds = {
    ErrorKind{std::errc::invalid_argument, 400, "bad_request"},
    ErrorKind{std::errc::no_such_file_or_directory, 404, "not_found"},
    ErrorKind{std::errc::connection_already_in_progress, 409, "already_member"},
    ErrorKind{std::errc::not_connected, 409, "in_no_network"},
    ErrorKind{std::errc::not_supported, 409, "no_issuer"},
    ErrorKind{std::errc::device_or_resource_busy, 409, "busy"},
    ErrorKind{std::errc::address_in_use, 409, "pool_in_use"},
    ErrorKind{std::errc::operation_canceled, 409, "cancelled"},
    ErrorKind{std::errc::permission_denied, 422, "refused"},
    ErrorKind{std::errc::timed_out, 504, "timeout"},
    ErrorKind{std::errc::resource_unavailable_try_again, 504, "timeout"},
};

HttpResponse bad_request(const Error& error) {
    return error_response(400, "bad_request", error);
}

}  // namespace

HttpResponse network_error(const Error& error) {
    for (const ErrorKind& kind : kErrorKinds) {
        if (error.code == kind.error) {
            return error_response(kind.status, kind.code, error);
        }
    }
    return error_response(500, "failed", error);
}

HttpResponse network_response(const Result<>& outcome) {
    return outcome ? HttpResponse{200, "{}", {}} : network_error(outcome.error());
}

HttpResponse ApiRoutes::init(const HttpRequest& request) {
    const Result<api::InitRequest> parsed = api::parse_init_request(request.body);
    return parsed ? network_response(node_.network().init(*parsed)) : bad_request(parsed.error());
}

void ApiRoutes::join(const HttpRequest& request, const Reply& reply) {
    const Result<api::JoinRequest> parsed = api::parse_join_request(request.body);
    if (!parsed) {
        reply(bad_request(parsed.error()));
        return;
    }
    node_.network().join(*parsed, [reply](const Result<api::NetworkReply>& joined) {
        reply(network_response(joined));
    });
}

void ApiRoutes::leave(const Reply& reply) {
    node_.network().leave([reply](const Result<>& left) { reply(network_response(left)); });
}

HttpResponse ApiRoutes::tokens() {
    return network_response(node_.network().tokens());
}

HttpResponse ApiRoutes::create_token(const HttpRequest& request) {
    const Result<api::TokenRequest> parsed = api::parse_token_request(request.body);
    return parsed ? network_response(node_.network().create_token(*parsed))
                  : bad_request(parsed.error());
}

}  // namespace weft::server
