// SPDX-License-Identifier: Apache-2.0
// See state_file.hpp. Control thread.
#include "state_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/base/read_to_end.hpp>
#include <weft/base/unique_fd.hpp>

namespace weft::control {
namespace {

Result<> write_synced(const std::filesystem::path& file, std::string_view text) {
    const UniqueFd fd{::open(
        file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR)};
    if (!fd.valid()) {
        return errno_error(errno, file.string());
    }
    if (Result<> written = write_all(fd.get(), bytes_of(text), file); !written) {
        return written;
    }
    if (::fsync(fd.get()) != 0) {
        return errno_error(errno, file.string());
    }
    return {};
}

}  // namespace

Result<std::string> read_state_file(const std::filesystem::path& file, std::size_t size_max) {
    const UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (!fd.valid()) {
        return errno_error(errno, file.string());
    }
    return read_to_end(fd, size_max, file.string());
}

Result<> replace_state_file(const std::filesystem::path& file, std::string_view text) {
    const std::filesystem::path directory = file.parent_path();
    const std::filesystem::path fresh = file.string() + ".new";
    if (::mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
        return errno_error(errno, directory.string());
    }
    ::unlink(fresh.c_str());  // what a crash left, and whatever rights that had
    if (Result<> written = write_synced(fresh, text); !written) {
        ::unlink(fresh.c_str());
        return written.error();
    }
    if (::rename(fresh.c_str(), file.c_str()) != 0) {
        return errno_error(errno, file.string());
    }
    return sync_directory(directory);
}

Result<> write_all(int fd, ConstBytes bytes, const std::filesystem::path& file) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written <= 0) {
            return errno_error(written < 0 ? errno : EIO, file.string());
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<> sync_directory(const std::filesystem::path& directory) {
    const UniqueFd fd{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd.valid() || ::fsync(fd.get()) != 0) {
        return errno_error(errno, directory.string());
    }
    return {};
}

}  // namespace weft::control
