// SPDX-License-Identifier: Apache-2.0
// See metrics_routes.hpp. Control thread.
#include "metrics_routes.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include <weft/base/utf8.hpp>

#include "page_routes.hpp"

namespace weft::server {
namespace {

constexpr std::size_t kExcerptMax = 64;  // bytes of what the client sent, in an error
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kPaths = "/, /metrics, /healthz, /readyz";

HttpResponse text(unsigned status, std::string body, std::string_view type = kText) {
    return {status, std::move(body), {}, std::string{type}};
}

/// 200, or 503 and why.
HttpResponse health(const std::string& why_not) {
    return why_not.empty() ? text(200, "ok") : text(503, why_not);
}

bool equal_without_case(std::string_view one, std::string_view other) {
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), [&](char a, char b) {
        return lower(a) == lower(b);
    });
}

/// "[::1]:9484", "127.0.0.1", "localhost:1" without the port, brackets kept.
std::string_view without_port(std::string_view host) {
    const std::size_t colon = host.rfind(':');
    const std::size_t bracket = host.rfind(']');
    const bool has_port =
        colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon);
    return has_port ? host.substr(0, colon) : host;
}

}  // namespace

bool is_host_allowed(std::string_view host, const net::IpAddress& listening) {
    std::string_view name = without_port(host);
    if (equal_without_case(name, "localhost")) {
        return true;
    }
    const bool bracketed = name.size() > 2 && name.front() == '[' && name.back() == ']';
    if (bracketed) {
        name = name.substr(1, name.size() - 2);
    }
    const auto address = net::IpAddress::parse(name);
    if (!address || address->is_v4() == bracketed) {
        return false;
    }
    return address == net::IpAddress::parse("127.0.0.1") ||
           address == net::IpAddress::parse("::1") || *address == listening ||
           listening.is_unspecified();
}

HttpResponse answer_metrics(const HttpRequest& request,
                            const net::IpAddress& listening,
                            const MetricsSource& source) {
    if (!is_host_allowed(request.host, listening)) {
        return text(403,
                    "not served under the name \"" + utf8_excerpt(request.host, kExcerptMax) +
                        "\": ask by the address in api.metrics, or localhost");
    }
    const std::string_view target = request.target;
    const std::string_view path = target.substr(0, target.find('?'));
    const PageFile* const file = find_page_file(path);
    const bool is_mesh = path == kMeshPath;
    if (file == nullptr && !is_mesh && path != "/metrics" && path != "/healthz" &&
        path != "/readyz") {
        return text(404,
                    "there is no " + utf8_excerpt(path, kExcerptMax) + "; there are " +
                        std::string{kPaths});
    }
    if (request.method != "GET" && request.method != "HEAD") {
        HttpResponse response = text(405, "only GET and HEAD are possible here");
        response.allow = "GET, HEAD";
        return response;
    }
    if (file != nullptr) {
        return page_response(*file);
    }
    if (is_mesh) {
        return {200, source.mesh(), {}};
    }
    if (path == "/healthz") {
        return health(source.not_alive());
    }
    if (path == "/readyz") {
        return health(source.not_ready());
    }
    return text(200, source.metrics(), kPrometheusText);
}

}  // namespace weft::server
