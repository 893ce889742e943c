// SPDX-License-Identifier: Apache-2.0
// A file that a command makes, for its owner alone. One thread.
#pragma once

#include <string>
#include <string_view>

#include <weft/base/result.hpp>

namespace weft::cli {

/// Nothing is ever overwritten.
[[nodiscard]] Error is_there_already(const std::string& path);
/// Mode 0600, synced; whole, or none. Errors: is_there_already(), the system's.
[[nodiscard]] Result<> write_new(const std::string& path, std::string_view text);

}  // namespace weft::cli
