// SPDX-License-Identifier: Apache-2.0
// See write_file.hpp.
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/base/unique_fd.hpp>
#include <weft/base/write_file.hpp>

namespace weft {
namespace {

Result<> write_synced(const std::filesystem::path& file, ConstBytes content, mode_t mode) {
    const UniqueFd fd{::open(file.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                             mode & (S_IRUSR | S_IWUSR))};
    if (!fd.valid()) {
        return errno_error(errno, file.string());
    }
    if (Result<> written = write_all(fd.get(), content, file.string()); !written) {
        return written;
    }
    if (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0) {
        return errno_error(errno, file.string());
    }
    return {};
}

}  // namespace

Result<> write_all(int fd, ConstBytes bytes, const std::string& name, const std::string& remedy) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return errno_error(written < 0 ? errno : EIO, name, remedy);
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

Result<> replace_file(const std::filesystem::path& file, ConstBytes content, mode_t mode) {
    const std::filesystem::path fresh = file.string() + ".new";
    ::unlink(fresh.c_str());  // what a crash left, and whatever rights that had
    Result<> written = write_synced(fresh, content, mode);
    if (written && ::rename(fresh.c_str(), file.c_str()) != 0) {
        written = errno_error(errno, file.string());
    }
    if (!written) {
        ::unlink(fresh.c_str());
        return written;
    }
    return sync_directory(file.has_parent_path() ? file.parent_path() : ".");
}

}  // namespace weft
