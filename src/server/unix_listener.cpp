// SPDX-License-Identifier: Apache-2.0
// See unix_listener.hpp. Control thread.
#include "unix_listener.hpp"

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace weft::server {
namespace {

constexpr int kBacklog = 64;

sockaddr* as_sockaddr(sockaddr_un* address) {
    return reinterpret_cast<sockaddr*>(address);
}

Result<sockaddr_un> to_address(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& text = path.native();
    if (text.empty() || text.size() >= sizeof address.sun_path) {
        return invalid("the socket's path has " + std::to_string(text.size()) + " bytes: " + text,
                       "1 to 107 are possible");
    }
    memcpy(address.sun_path, text.data(), text.size());
    return address;
}

/// Directories that are made are 0755 whatever the umask is; those that are there stay.
Result<> make_directory(const std::filesystem::path& directory) {
    if (directory.empty() || directory == "/") {
        return {};
    }
    struct stat found {};
    if (stat(directory.c_str(), &found) == 0) {
        return S_ISDIR(found.st_mode) ? Result<>{}
                                      : invalid(directory.string() + " is no directory");
    }
    if (Result<> parent = make_directory(directory.parent_path()); !parent) {
        return parent.error();
    }
    if (mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
        return errno_error(errno, "make " + directory.string());
    }
    if (chmod(directory.c_str(), 0755) != 0) {
        return errno_error(errno, "set the mode of " + directory.string());
    }
    return {};
}

std::string lock_name(const std::filesystem::path& path) {
    return path.string() + ".lock";
}

Error another_daemon(const std::string& sign) {
    return {std::make_error_code(std::errc::address_in_use),
            "another weftd is running: it " + sign,
            "stop it first, or use another interface and socket"};
}

/// Whoever has the lock alone may remove and make the socket. It goes with its holder's process;
/// the file is removed by the holder only, so a lock on a file that has lost its name is none.
Result<UniqueFd> take_lock(const std::filesystem::path& path) {
    const std::string name = lock_name(path);
    while (true) {
        UniqueFd fd{open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
        if (!fd.valid()) {
            return errno_error(errno, "open " + name);
        }
        if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
            return errno == EWOULDBLOCK ? another_daemon("has locked " + name)
                                        : errno_error(errno, "lock " + name);
        }
        struct stat ours {};
        struct stat named {};
        if (fstat(fd.get(), &ours) == 0 && lstat(name.c_str(), &named) == 0 &&
            ours.st_dev == named.st_dev && ours.st_ino == named.st_ino) {
            return fd;
        }
    }
}

/// Removes a socket that nobody listens on.
Result<> clear_stale(sockaddr_un& address, const std::filesystem::path& path) {
    struct stat found {};
    if (lstat(path.c_str(), &found) != 0) {
        return errno == ENOENT ? Result<>{} : errno_error(errno, "look at " + path.string());
    }
    if (!S_ISSOCK(found.st_mode)) {
        return invalid(path.string() + " is there and not a socket", "remove it");
    }
    const UniqueFd probe{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!probe.valid()) {
        return errno_error(errno, "open a unix socket");
    }
    const int status = connect(probe.get(), as_sockaddr(&address), sizeof address);
    if (status == 0 || errno == EAGAIN) {  // EAGAIN: its backlog is full, so someone has it
        return another_daemon("answers on " + path.string());
    }
    if (errno != ECONNREFUSED) {
        return errno_error(errno, "try " + path.string());
    }
    if (unlink(path.c_str()) != 0 && errno != ENOENT) {
        return errno_error(errno, "remove the stale socket " + path.string());
    }
    return {};
}

}  // namespace

Result<UnixListener> UnixListener::open(const ListenerConfig& config) {
    Result<sockaddr_un> address = to_address(config.path);
    if (!address) {
        return address.error();
    }
    if (Result<> made = make_directory(config.path.parent_path()); !made) {
        return made.error();
    }
    Result<UniqueFd> lock = take_lock(config.path);
    if (!lock) {
        return lock.error();
    }
    UnixListener listener;
    listener.lock_ = std::move(*lock);
    listener.path_ = config.path;
    if (Result<> cleared = clear_stale(*address, config.path); !cleared) {
        return cleared.error();
    }
    listener.fd_ = UniqueFd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!listener.fd_.valid()) {
        return errno_error(errno, "open a unix socket");
    }
    const mode_t mask = umask(0177);  // root's alone until mode and group are right
    const int bound = bind(listener.fd_.get(), as_sockaddr(&*address), sizeof *address);
    const int bind_error = errno;
    umask(mask);
    if (bound != 0) {
        return errno_error(bind_error, "make the socket " + config.path.string());
    }
    struct stat made {};
    if (lstat(config.path.c_str(), &made) != 0) {
        return errno_error(errno, "look at " + config.path.string());
    }
    listener.device_ = made.st_dev;
    listener.inode_ = made.st_ino;
    // The daemon's own group needs no chown, which its unit's system call filter forbids.
    listener.group_set_ =
        config.group && (made.st_gid == *config.group ||
                         chown(config.path.c_str(), static_cast<uid_t>(-1), *config.group) == 0);
    const mode_t mode = config.group && !listener.group_set_ ? 0600 : config.mode;
    if (chmod(config.path.c_str(), mode) != 0) {
        return errno_error(errno, "set the mode of " + config.path.string());
    }
    if (listen(listener.fd_.get(), kBacklog) != 0) {
        return errno_error(errno, "listen on " + config.path.string());
    }
    return listener;
}

UnixListener::UnixListener(UnixListener&& other) noexcept
    : lock_(std::move(other.lock_)),
      fd_(std::move(other.fd_)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_),
      group_set_(other.group_set_) {}

UnixListener::~UnixListener() {
    struct stat found {};
    if (!path_.empty() && lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ &&
        found.st_ino == inode_) {
        unlink(path_.c_str());
    }
    if (lock_.valid()) {
        unlink(lock_name(path_).c_str());
    }
}

std::optional<uid_t> peer_uid(int fd) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
        return std::nullopt;
    }
    return credentials.uid;
}

constexpr std::size_t kGroupEntryMax = 1 << 20;

std::optional<gid_t> find_group(const std::string& name) {
    if (name.empty()) {
        return std::nullopt;
    }
    std::vector<char> buffer(16384);
    group entry{};
    group* found = nullptr;
    const auto ask = [&] {
        return getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    };
    int failed = ask();
    while (failed == ERANGE && buffer.size() < kGroupEntryMax) {  // a group of many members
        buffer.resize(buffer.size() * 2);
        failed = ask();
    }
    if (failed != 0 || found == nullptr) {
        return std::nullopt;
    }
    return entry.gr_gid;
}

}  // namespace weft::server
