// SPDX-License-Identifier: Apache-2.0
// Descriptors that outlive this process, however it ends: the service manager holds duplicates and
// hands them to the next one (systemd's file descriptor store: FileDescriptorStoreMax= in the unit,
// sd_pid_notify_with_fds(3), sd_listen_fds_with_names(3)). Each has a name of its own: "nft-owner";
// several of one kind are "tun-00", "tun-01" and so on. Once the service has stopped for good the
// manager closes them. Where there is no such manager, or weft was built without systemd, nothing
// is kept and nothing there. Control thread.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weft/base/unique_fd.hpp>

namespace weft::control {

class DescriptorStore {
  public:
    /// What was handed to this process. Once, before other threads: it changes the environment.
    static DescriptorStore open();

    /// What was kept under that name, once; the manager goes on keeping it too.
    [[nodiscard]] UniqueFd take(std::string_view name);
    /// All of one kind, by number.
    [[nodiscard]] std::vector<UniqueFd> take_all(std::string_view kind);
    /// From now on the manager keeps a duplicate under that name, in the place of an earlier one.
    void keep(std::string_view name, int fd);
    /// The same for all of a kind, instead of those that it keeps of it.
    void keep_all(std::string_view kind, std::span<const int> fds);
    /// No longer.
    void forget(std::string_view name);
    void forget_all(std::string_view kind);
    /// Whatever it is.
    void forget_all();
    /// Of what nobody has taken: after a start, for others may have kept it.
    void forget_rest();
    /// Returns once the manager has done what it was told, or after two seconds.
    static void wait_for_manager();

  private:
    std::map<std::string, UniqueFd, std::less<>> kept_;
    std::set<std::string, std::less<>> held_;  // names of what the manager keeps
};

}  // namespace weft::control
