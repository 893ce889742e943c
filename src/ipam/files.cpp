// SPDX-License-Identifier: Apache-2.0
// See files.hpp.
#include "files.hpp"

#include <cerrno>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weft::ipam {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr std::chrono::milliseconds kLockPause{2};

Error insecure(const std::filesystem::path& path, std::string_view what) {
    return Error{std::make_error_code(std::errc::operation_not_permitted),
                 path.string() + " " + std::string{what},
                 "remove it if nobody needs it; weft-cni makes its own (root, 0750)"};
}

}  // namespace

Result<> check_owner(int fd, const std::filesystem::path& path, bool is_directory) {
    struct stat about {};
    if (::fstat(fd, &about) != 0) {
        return errno_error(errno, path.string());
    }
    if (is_directory ? !S_ISDIR(about.st_mode) : !S_ISREG(about.st_mode)) {
        return insecure(path, is_directory ? "is no directory" : "is no regular file");
    }
    if (about.st_uid != ::geteuid() || (about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return insecure(path, "can be written by others than root");
    }
    if (!is_directory && about.st_nlink != 1) {
        return insecure(path, "has a second name");
    }
    return {};
}

Error open_error(int error, const std::filesystem::path& path) {
    if (error == ELOOP || error == ENOTDIR) {
        return insecure(path, "is a symbolic link, or none of what weft-cni makes");
    }
    return errno_error(error, path.string());
}

Result<UniqueFd> open_directory(const std::filesystem::path& path) {
    UniqueFd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!fd.valid()) {
        return open_error(errno, path);
    }
    return fd;
}

Result<UniqueFd> open_file(int at, const char* name, int flags, const std::filesystem::path& path) {
    UniqueFd fd{::openat(at, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, kFileMode)};
    if (!fd.valid()) {
        return open_error(errno, path / name);
    }
    if (Result<> checked = check_owner(fd.get(), path / name, false); !checked) {
        return checked.error();
    }
    return fd;
}

void let_group_read(int at, int fd) {
    struct stat about {};
    if (::fchmod(fd, kFileMode) == 0 && ::fstat(at, &about) == 0) {
        const int changed = ::fchown(fd, static_cast<uid_t>(-1), about.st_gid);
        static_cast<void>(changed);  // then root alone reads it
    }
}

Result<> take_lock(int fd, std::chrono::milliseconds patience, const std::filesystem::path& path) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return errno_error(errno, path.string());
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            return errno_error(ETIMEDOUT,
                               "waiting for " + path.string(),
                               "another weft-cni holds it: try again, or look for one that hangs");
        }
        std::this_thread::sleep_for(kLockPause);
    }
    return {};
}

}  // namespace weft::ipam
