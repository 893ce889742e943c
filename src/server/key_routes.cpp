// SPDX-License-Identifier: Apache-2.0
// The API's part about a network's keys: rotation, the certificate, the root's key, issuers. An
// export or import of the root's key holds the control thread for up to 2 s: only root may ask.
// Control thread.
#include <weft/api/network_keys.hpp>
#include <weft/control/network.hpp>

#include "api_routes.hpp"

namespace weft::server {
namespace {

/// `act(request)` where the body is one that `parse` takes.
template <class Request, class Act>
ApiResponse with_request(const ApiRequest& request,
                         Result<Request> (*parse)(std::string_view),
                         const Act& act) {
    const Result<Request> parsed = parse(request.body);
    return parsed ? network_response(act(*parsed))
                  : error_response(400, "bad_request", parsed.error());
}

}  // namespace

ApiResponse ApiRoutes::key_answer(const FoundRoute& found, const ApiRequest& request) {
    control::Network& network = node_.network();
    if (found.route == Route::kRotate) {
        return network_response(network.rotate());
    }
    if (found.route == Route::kCertificate) {
        return network_response(network.certificate());
    }
    if (found.route == Route::kExportRoot) {
        return with_request(request, api::parse_root_export_request, [&](const auto& parsed) {
            return network.export_root(parsed);
        });
    }
    if (found.route == Route::kImportRoot) {
        return with_request(request, api::parse_root_import_request, [&](const auto& parsed) {
            return network.import_root(parsed);
        });
    }
    if (found.route == Route::kRemoveRoot) {
        return network_response(network.remove_root());
    }
    if (found.route == Route::kRequestIssuer) {
        return network_response(network.issuer_request());
    }
    if (found.route == Route::kAddIssuer) {
        return with_request(request, api::parse_issuer_request, [&](const auto& parsed) {
            return network.add_issuer(parsed);
        });
    }
    if (found.route == Route::kIssueAlone) {
        return network_response(network.issue_alone());
    }
    if (found.route == Route::kRevokeIssuer) {
        return network_response(network.revoke_issuer(found.subject));
    }
    return network_response(network.issuers());
}

}  // namespace weft::server
