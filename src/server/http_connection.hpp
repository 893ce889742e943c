// SPDX-License-Identifier: Apache-2.0
// One HTTP/1.1 client: reads a request, has it answered, writes the answer, and again while the
// connection is kept alive. Bounded in size and time. Control thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "acceptor.hpp"
#include "http_message.hpp"

namespace weft::server {

inline constexpr std::uint32_t kHttpHeaderMax = 8 * 1024;
inline constexpr std::chrono::seconds kHttpTimeout{10};  // for a whole request, or answer

struct HttpLimits {
    std::size_t body;  // of a request
    bool keep_alive;   // else each connection is one request
};

[[nodiscard]] std::shared_ptr<Connection> make_http_connection(StreamSocket socket,
                                                               HttpLimits limits,
                                                               HttpHandler handler);

}  // namespace weft::server
