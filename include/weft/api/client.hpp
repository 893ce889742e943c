// SPDX-License-Identifier: Apache-2.0
// A blocking HTTP/1.1 client for the daemon's unix socket; enough of HTTP for our own server.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include <weft/base/result.hpp>

namespace weft::api {

struct Response {
    unsigned status = 0;
    std::string body;
};

/// `method` GET, POST or DELETE; `body` is JSON or empty; `timeout` is for all of it. An answer of
/// any status is a value; more than 4 MiB is not taken. Errors: ENOENT or ECONNREFUSED (daemon
/// not running), EACCES, ETIMEDOUT, EPROTO; each with cause and remedy.
[[nodiscard]] Result<Response> call(const std::filesystem::path& socket,
                                    std::string_view method,
                                    std::string_view target,
                                    std::string_view body,
                                    std::chrono::milliseconds timeout);

}  // namespace weft::api
