// SPDX-License-Identifier: Apache-2.0
// Key files in wg's format: 44 characters of base64 and a newline, owner's eyes only. The text is
// wiped from memory before this returns. Control thread, or the CLI.
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/base/encoding.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/config/config.hpp>

namespace weft::config {
namespace {

constexpr std::size_t kKeyTextMost = 64;  // a key and some white space

Error open_error(int error_number, const std::string& file) {
    if (error_number == ELOOP) {
        return invalid(file + " is a symbolic link", "name the file itself");
    }
    if (error_number == ENOENT) {
        return errno_error(error_number, file, "make a key: umask 077; weft genkey > " + file);
    }
    return errno_error(
        error_number, file, error_number == EACCES ? "run as the file's owner or root" : "");
}

}  // namespace

Result<Secret<32>> load_key_file(const std::filesystem::path& file) {
    const std::string name = file.string();
    // O_NONBLOCK: a FIFO must not hold us; it fails the check for a regular file.
    const UniqueFd fd{::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (!fd.valid()) {
        return open_error(errno, name);
    }
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) {
        return errno_error(errno, name);
    }
    if (!S_ISREG(info.st_mode)) {
        return invalid(name + " is not a regular file");
    }
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return invalid(name + " can be read by others than its owner", "chmod 600 " + name);
    }
    Secret<kKeyTextMost + 1> buffer;
    const ssize_t size = ::read(fd.get(), buffer.data(), decltype(buffer)::kSize);
    if (size < 0) {
        return errno_error(errno, name);
    }
    const std::string_view text{reinterpret_cast<const char*>(buffer.data()),
                                static_cast<std::size_t>(size)};
    Secret<32> key;
    const bool whole = static_cast<std::size_t>(size) <= kKeyTextMost;
    if (!whole || !from_base64_line(text, key.mutable_bytes()) || key.is_zero()) {
        return invalid(name + " does not hold a key (44 characters of base64)",
                       "make one: umask 077; weft genkey > " + name);
    }
    return key;
}

}  // namespace weft::config
