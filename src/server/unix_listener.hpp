// SPDX-License-Identifier: Apache-2.0
// A listening unix socket with a name in the file system: a dead daemon's is replaced, a live one's
// is not, and ours is gone when we are. Between daemons that start at the same time a lock decides,
// on NAME.lock beside the socket, for as long as the socket is there. Control thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <sys/types.h>

#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>

namespace weft::server {

struct ListenerConfig {
    std::filesystem::path path;
    mode_t mode = 0600;
    std::optional<gid_t> group;
};

class UnixListener {
  public:
    /// Makes the directory (0755) if need be. Errors: EADDRINUSE when someone answers on the
    /// socket, a path that is too long or not a socket, no permission. Where only the group cannot
    /// be set the socket is there, for root alone: see group_set().
    static Result<UnixListener> open(const ListenerConfig& config);
    UnixListener(UnixListener&& other) noexcept;
    UnixListener& operator=(UnixListener&&) = delete;
    UnixListener(const UnixListener&) = delete;
    UnixListener& operator=(const UnixListener&) = delete;
    ~UnixListener();

    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] bool group_set() const { return group_set_; }

  private:
    UnixListener() = default;
    UniqueFd lock_;
    UniqueFd fd_;
    std::filesystem::path path_;
    // Of the socket file: another daemon's of the same name is not ours to remove.
    dev_t device_ = 0;
    ino_t inode_ = 0;
    bool group_set_ = false;
};

/// The user at the other end of a connected unix socket (SO_PEERCRED); nothing if unknown.
[[nodiscard]] std::optional<uid_t> peer_uid(int fd);

/// The id of a group by name.
[[nodiscard]] std::optional<gid_t> find_group(const std::string& name);

}  // namespace weft::server
