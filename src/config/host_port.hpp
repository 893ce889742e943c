// SPDX-License-Identifier: Apache-2.0
// "host:port" as text: an address or a name, never resolved here. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include <weft/config/config.hpp>

namespace weft::config {

/// "192.0.2.1:51840", "[2001:db8::1]:51840" (a zone as in [fe80::1%eth0] is kept) or
/// "host.example:51840"; port 1..65535. Nothing for an address that no peer can have: unspecified,
/// multicast.
[[nodiscard]] std::optional<HostPort> parse_host_port(std::string_view text);

}  // namespace weft::config
