// SPDX-License-Identifier: Apache-2.0
// See state_file.hpp. Control thread.
#include "state_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include <weft/base/bytes.hpp>
#include <weft/base/read_to_end.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/base/write_file.hpp>

namespace weft::control {
Result<std::string> read_state_file(const std::filesystem::path& file, std::size_t size_max) {
    const UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (!fd.valid()) {
        return errno_error(errno, file.string());
    }
    return read_to_end(fd, size_max, file.string());
}

Result<> replace_state_file(const std::filesystem::path& file, std::string_view text) {
    const std::filesystem::path directory = file.parent_path();
    if (::mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
        return errno_error(errno, directory.string());
    }
    return replace_file(file, bytes_of(text), S_IRUSR | S_IWUSR);
}

}  // namespace weft::control
