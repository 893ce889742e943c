// SPDX-License-Identifier: Apache-2.0
// Files of the state directory: small, ours alone (0600), read with suspicion. Control thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <weft/base/result.hpp>

namespace weft::control {

/// At most `size_max` bytes of it. Errors: errno's; EFBIG where it is longer. Follows no link.
[[nodiscard]] Result<std::string> read_state_file(const std::filesystem::path& file,
                                                  std::size_t size_max);

/// By replace_file (base/write_file.hpp), 0600. Makes the directory (0700) if it is missing.
[[nodiscard]] Result<> replace_state_file(const std::filesystem::path& file, std::string_view text);

}  // namespace weft::control
