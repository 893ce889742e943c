// SPDX-License-Identifier: Apache-2.0
// Files that are written whole, or not at all.
#pragma once

#include <filesystem>
#include <string>

#include <sys/types.h>

#include <weft/base/bytes.hpp>
#include <weft/base/result.hpp>

namespace weft {

/// All of it, however many calls that takes. Errors: errno's, of what they call `name`.
[[nodiscard]] Result<> write_all(int fd,
                                 ConstBytes bytes,
                                 const std::string& name,
                                 const std::string& remedy = {});

/// What was made, renamed or removed in it is so after a power cut too.
[[nodiscard]] Result<> sync_directory(const std::filesystem::path& directory);

/// Written to FILE.new with `mode` (whatever the umask is), synced, renamed, and the directory
/// synced: after a power cut there is the old content or this one. Where it fails, the old one
/// stays.
[[nodiscard]] Result<> replace_file(const std::filesystem::path& file,
                                    ConstBytes content,
                                    mode_t mode);

}  // namespace weft
