// SPDX-License-Identifier: Apache-2.0
// One HTTP/1.1 client of the API: reads a request, has it answered by ApiRoutes, writes the answer,
// and again while the connection is kept alive. Bounded in size and time. Control thread.
#pragma once

#include <memory>
#include <optional>

#include "acceptor.hpp"
#include "api_routes.hpp"

namespace weft::server {

inline constexpr std::size_t kHttpBodyMax = std::size_t{64} * 1024;
inline constexpr std::uint32_t kHttpHeaderMax = 8 * 1024;
inline constexpr std::chrono::seconds kHttpTimeout{10};  // for a whole request, or answer

[[nodiscard]] std::shared_ptr<Connection> make_http_connection(UnixSocket socket,
                                                               std::shared_ptr<ApiRoutes> routes);

}  // namespace weft::server
