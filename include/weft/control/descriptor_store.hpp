// SPDX-License-Identifier: Apache-2.0
// Descriptors that outlive this process, however it ends: the service manager holds duplicates and
// hands them to the next one (systemd's file descriptor store: FileDescriptorStoreMax= in the unit,
// sd_pid_notify_with_fds(3), sd_listen_fds_with_names(3)). Each has a name of its own: "nft-owner".
// Where there is no such manager, or weft was built without systemd, nothing is kept and nothing
// there. Control thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <weft/base/unique_fd.hpp>

namespace weft::control {

class DescriptorStore {
  public:
    /// What was handed to this process. Once, before other threads: it changes the environment.
    static DescriptorStore open();

    /// What was kept under that name, once; the manager goes on keeping it too.
    [[nodiscard]] UniqueFd take(std::string_view name);
    /// From now on the manager keeps a duplicate under that name, in the place of an earlier one.
    static void keep(std::string_view name, int fd);
    /// No longer.
    static void forget(std::string_view name);
    /// Of what nobody has taken: after a start, for others may have kept it.
    void forget_rest();

  private:
    std::map<std::string, UniqueFd, std::less<>> kept_;
};

}  // namespace weft::control
