// SPDX-License-Identifier: Apache-2.0
// See state_storage.hpp. Control thread.
#include "state_storage.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/api/state_check.hpp>
#include <weft/base/read_to_end.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/base/write_file.hpp>

#include "state_file.hpp"

namespace weft::control {
namespace {

/// Whoever else may read or write it may have the node's keys, or its trust.
Result<> check_owner(int fd, const std::filesystem::path& directory, const std::string& file) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) {
        return errno_error(errno, file);
    }
    if (!S_ISREG(status.st_mode)) {
        return Error{std::make_error_code(std::errc::invalid_argument),
                     file + " is not a regular file",
                     "remove it"};
    }
    struct stat around {};
    const bool is_directorys =
        ::stat(directory.c_str(), &around) == 0 && status.st_uid == around.st_uid;
    if (!is_directorys && status.st_uid != 0 && status.st_uid != ::geteuid()) {
        return Error{std::make_error_code(std::errc::permission_denied),
                     file + " belongs to another user",
                     "chown --reference=" + directory.string() + " " + file};
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return Error{std::make_error_code(std::errc::permission_denied),
                     file + " can be used by others than its owner",
                     "chmod 600 " + file};
    }
    return {};
}

Result<> append_to(const std::filesystem::path& file, std::size_t size, ConstBytes more) {
    const UniqueFd fd{::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!fd.valid()) {
        return errno_error(errno, file.string());
    }
    const auto end = static_cast<off_t>(size);
    if (::ftruncate(fd.get(), end) != 0 || ::lseek(fd.get(), end, SEEK_SET) != end) {
        return errno_error(errno, file.string());
    }
    if (Result<> written = write_all(fd.get(), more, file.string()); !written) {
        return written;
    }
    if (::fdatasync(fd.get()) != 0) {
        return errno_error(errno, file.string());
    }
    return {};
}

}  // namespace

Result<std::optional<std::vector<std::byte>>> StateStorage::read(std::string_view name,
                                                                 std::size_t size_max) {
    const std::filesystem::path file = directory_ / name;
    const UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (!fd.valid()) {
        if (errno == ENOENT) {
            return std::optional<std::vector<std::byte>>{};
        }
        if (errno == ELOOP) {
            return Error{std::make_error_code(std::errc::too_many_symbolic_link_levels),
                         file.string() + " is a link",
                         api::link_remedy(file)};
        }
        return errno_error(errno, file.string(), api::state_remedy(errno, directory_));
    }
    if (Result<> checked = check_owner(fd.get(), directory_, file.string()); !checked) {
        return checked.error();
    }
    const Result<std::string> text = read_to_end(fd, size_max, file.string());
    if (!text) {
        return text.error();
    }
    const ConstBytes bytes = bytes_of(*text);
    return std::optional{std::vector<std::byte>{bytes.begin(), bytes.end()}};
}

Result<> StateStorage::replace(std::string_view name, ConstBytes content) {
    std::error_code error;  // told by the write
    std::filesystem::create_directories(directory_, error);
    return note(
        name,
        replace_state_file(directory_ / name,
                           {reinterpret_cast<const char*>(content.data()), content.size()}));
}

Result<> StateStorage::note(std::string_view name, Result<> written) {
    if (written) {
        failures_.erase(std::string{name});
    } else {
        failures_.insert_or_assign(std::string{name}, written.error());
    }
    return written;
}

Result<> StateStorage::append(std::string_view name, std::size_t size, ConstBytes more) {
    const std::filesystem::path file = directory_ / name;
    if (size == 0) {  // a new file: its name must be on the disk too
        return replace(name, more);
    }
    return note(name, append_to(file, size, more));
}

Result<> StateStorage::remove(std::string_view name) {
    const std::filesystem::path file = directory_ / name;
    if (::unlink(file.c_str()) != 0) {
        return errno == ENOENT ? Result<>{} : errno_error(errno, file.string());
    }
    return sync_directory(directory_);
}

}  // namespace weft::control
