// SPDX-License-Identifier: Apache-2.0
// Whether a directory of state is as weftd needs it: the daemon says it in GET /v1/check and when
// a write has failed, and `weft check --offline` without a daemon. Any thread.
#pragma once

#include <filesystem>
#include <string>

#include <weft/api/check.hpp>

namespace weft::api {

/// Named "state": the directory and the files in it are its owner's alone, none is a link, and
/// there is room to write. Leaves nothing behind. What this user may not look into is "skipped".
[[nodiscard]] Check check_state(const std::filesystem::path& directory);

/// What to do where a file in `directory` could not be written or read, by its errno.
[[nodiscard]] std::string state_remedy(int error, const std::filesystem::path& directory);
/// What to do about a file of state that is a link.
[[nodiscard]] std::string link_remedy(const std::filesystem::path& file);

}  // namespace weft::api
