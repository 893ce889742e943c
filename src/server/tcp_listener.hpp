// SPDX-License-Identifier: Apache-2.0
// A listening TCP socket at one address of this machine. Bound to loopback it hears this machine
// alone, also where net.ipv4.conf.*.route_localnet lets 127.0.0.0/8 in from outside. Control
// thread.
#pragma once

#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/net/address.hpp>

namespace weft::server {

/// Errors say what to do: EADDRINUSE, EADDRNOTAVAIL, EACCES, others of socket(2) and bind(2). A
/// loopback address may be set later.
[[nodiscard]] Result<UniqueFd> listen_tcp(const net::Endpoint& at);

/// Whether a connected TCP socket's other end is this machine, by a loopback address.
[[nodiscard]] bool is_from_loopback(int fd);

}  // namespace weft::server
