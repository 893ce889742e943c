// SPDX-License-Identifier: Apache-2.0
// Files in a directory that is root's alone to write: no link is followed, and whatever others
// could have planted is refused.
#pragma once

#include <chrono>
#include <filesystem>

#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>

namespace weft::ipam {

/// Errors that say what a planted link is.
[[nodiscard]] Error open_error(int error, const std::filesystem::path& path);
[[nodiscard]] Result<UniqueFd> open_directory(const std::filesystem::path& path);
/// EPERM where it is not what it is to be, or not ours alone to write.
[[nodiscard]] Result<> check_owner(int fd, const std::filesystem::path& path, bool is_directory);
/// A file of the directory, ours alone; made where `flags` say so.
[[nodiscard]] Result<UniqueFd> open_file(int at,
                                         const char* name,
                                         int flags,
                                         const std::filesystem::path& path);
/// Whatever the umask is, the directory's group may read.
void let_group_read(int at, int fd);
/// An exclusive one of the whole file, until it is closed. Errors: ETIMEDOUT, errno's.
[[nodiscard]] Result<> take_lock(int fd,
                                 std::chrono::milliseconds patience,
                                 const std::filesystem::path& path);

}  // namespace weft::ipam
