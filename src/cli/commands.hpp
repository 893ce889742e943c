// SPDX-License-Identifier: Apache-2.0
// The commands, one function each: they print, and return the exit code. run.cpp reads the
// arguments and calls one of them.
#pragma once

#include <string>

#include <weft/api/status.hpp>

#include "context.hpp"

namespace weft::cli {

[[nodiscard]] int show_status(const Context& context, bool json);
[[nodiscard]] int show_peers(const Context& context, bool json);
[[nodiscard]] int ping(const Context& context, const api::PingRequest& request, bool json);
[[nodiscard]] int reload(const Context& context);

[[nodiscard]] int generate_key(const Context& context);
[[nodiscard]] int derive_public_key(const Context& context);

[[nodiscard]] int check_config(const Context& context);
[[nodiscard]] int show_config(const Context& context, bool with_origins, bool json);

[[nodiscard]] int show_version(const Context& context, bool json);

}  // namespace weft::cli
