// SPDX-License-Identifier: Apache-2.0
// What the kernel's settings are to weft: the daemon says it in GET /v1/check, and `weft check
// --offline` without one. Reads /proc/sys; any thread.
#pragma once

#include <string>

#include <weft/api/check.hpp>

namespace weft::api {

/// The value of /proc/sys/PATH; "" where the kernel has none of that name.
[[nodiscard]] std::string sysctl(const std::string& path);

/// Whether the setting at `path`, which is to be on, is; "skipped" where the kernel has none.
[[nodiscard]] Check check_forwarding(const std::string& name,
                                     const std::string& path,
                                     const std::string& remedy);

/// Strict reverse path filtering does no harm here, and is no guard either; but what makes loopback
/// addresses routable does.
[[nodiscard]] Check check_loopback();

}  // namespace weft::api
