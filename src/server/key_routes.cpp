// SPDX-License-Identifier: Apache-2.0
// The API's part about a network's keys: rotation, the certificate, the root's key, issuers.
// Control thread.
#include <weft/api/network_keys.hpp>
#include <weft/control/network.hpp>

#include "api_routes.hpp"

namespace weft::server {
namespace {

/// `act(request)` where the body is one that `parse` takes.
template <class Request, class Act>
HttpResponse with_request(const HttpRequest& request,
                          Result<Request> (*parse)(std::string_view),
                          const Act& act) {
    const Result<Request> parsed = parse(request.body);
    return parsed ? network_response(act(*parsed))
                  : error_response(400, "bad_request", parsed.error());
}

}  // namespace

HttpResponse ApiRoutes::key_answer(const FoundRoute& found, const HttpRequest& request) {
    control::Network& network = node_.network();
    if (found.route == Route::kRotate) {
        return network_response(network.rotate());
    }
    if (found.route == Route::kCertificate) {
        return network_response(network.certificate());
    }
    if (found.route == Route::kRequestCertificate) {
        return with_request(request, api::parse_certificate_request, [&](const auto& parsed) {
            return network.certificate_request(parsed);
        });
    }
    if (found.route == Route::kSignCertificate) {
        return with_request(request, api::parse_sign_request, [&](const auto& parsed) {
            return network.sign_certificate(parsed);
        });
    }
    if (found.route == Route::kInstallCertificate) {
        return with_request(request, api::parse_install_request, [&](const auto& parsed) {
            return network.install_certificate(parsed);
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

void ApiRoutes::root_answer(const FoundRoute& found,
                            const HttpRequest& request,
                            const Reply& reply) {
    control::Network& network = node_.network();
    if (found.route == Route::kExportRoot) {
        Result<api::RootExportRequest> parsed = api::parse_root_export_request(request.body);
        if (!parsed) {
            reply(error_response(400, "bad_request", parsed.error()));
            return;
        }
        network.export_root(*std::move(parsed), [reply](const Result<api::RootText>& text) {
            reply(network_response(text));
        });
        return;
    }
    Result<api::RootImportRequest> parsed = api::parse_root_import_request(request.body);
    if (!parsed) {
        reply(error_response(400, "bad_request", parsed.error()));
        return;
    }
    network.import_root(*std::move(parsed),
                        [reply](const Result<>& done) { reply(network_response(done)); });
}

}  // namespace weft::server
