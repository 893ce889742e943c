// SPDX-License-Identifier: Apache-2.0
// See new_file.hpp.
#include "new_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <weft/base/unique_fd.hpp>
#include <weft/base/write_file.hpp>

namespace weft::cli {

Error is_there_already(const std::string& path) {
    return Error{std::make_error_code(std::errc::file_exists),
                 path + " is there already, and is not overwritten",
                 "give another name, or move it away"};
}

Result<> write_new(const std::string& path, std::string_view text) {
    constexpr mode_t kOwnerOnly = 0600;
    const UniqueFd file{
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly)};
    if (!file.valid()) {
        return errno == EEXIST ? is_there_already(path) : errno_error(errno, "create " + path);
    }
    Result<> written = write_all(file.get(), bytes_of(text), path);
    if (written && ::fsync(file.get()) != 0) {
        written = errno_error(errno, path);
    }
    if (!written) {
        ::unlink(path.c_str());
    }
    return written;
}

}  // namespace weft::cli
