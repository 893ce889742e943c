// SPDX-License-Identifier: Apache-2.0
// An HTTP request and its answer without HTTP: what the connection reads and writes, and what the
// API's routes and metrics' and the page's routes decide about. Values.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <sys/types.h>

namespace weft::server {

struct HttpRequest {
    std::string method;
    std::string target;  // path and query
    std::string body;
    std::optional<uid_t> uid;  // of the caller, over a unix socket
    std::string host = {};     // as the client calls this server
};

struct HttpResponse {
    unsigned status = 200;
    std::string body;   // gets a newline at its end
    std::string allow;  // for 405: the methods there are
    std::string content_type = "application/json";
    /// What a browser lets the answer do (Content-Security-Policy): nothing, but for the page.
    std::string policy = "default-src 'none'; frame-ancestors 'none'";
};

using HttpReply = std::function<void(HttpResponse)>;
/// Calls `reply` once, now or later.
using HttpHandler = std::function<void(const HttpRequest& request, const HttpReply& reply)>;

}  // namespace weft::server
