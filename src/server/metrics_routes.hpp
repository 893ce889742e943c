// SPDX-License-Identifier: Apache-2.0
// What metrics' HTTP server answers: GET (or HEAD) of /metrics, /healthz and /readyz, as text, and
// of the page (page_routes). Without HTTP, so that it can be tested. Control thread.
//
// A browser on this machine can be led here by a web page whose name its owner lets point to
// 127.0.0.1 (DNS rebinding): only who calls this server by an address, or localhost, is answered.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <weft/net/address.hpp>

#include "http_message.hpp"

namespace weft::server {

struct MetricsSource {
    std::function<std::string()> metrics;    // in Prometheus' text format
    std::function<std::string()> not_alive;  // why; "": alive
    std::function<std::string()> not_ready;  // why; "": ready
    std::function<std::string()> mesh;       // for the page (page_routes: mesh_json)
};

[[nodiscard]] HttpResponse answer_metrics(const HttpRequest& request,
                                          const net::IpAddress& listening,
                                          const MetricsSource& source);

/// Of a Host header, with a port or without: localhost, a loopback address that people use, the
/// address that is listened on, and where that is all of them any address.
[[nodiscard]] bool is_host_allowed(std::string_view host, const net::IpAddress& listening);

}  // namespace weft::server
