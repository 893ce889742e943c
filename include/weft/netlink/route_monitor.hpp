// SPDX-License-Identifier: Apache-2.0
// Whether the way packets take may have changed: the kernel's notices about routes, rules,
// addresses and links (rtnetlink(7), multicast groups). What has changed is left to be asked for.
#pragma once

#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>

namespace weft::netlink {

class RouteMonitor {
  public:
    static Result<RouteMonitor> open();

    /// Whether there was a notice since the last call, or too many to be kept; never blocks.
    [[nodiscard]] bool take_changes();
    /// The same, and whether a rule, an address of this interface or a route of weft's protocol is
    /// gone, as far as it is told; containers' routes, by other interfaces, do not count. Also that
    /// the interface has changed and is up, since with the one that goes down routes go untold.
    [[nodiscard]] bool take_losses(unsigned interface);
    /// Readable when there is one; stays the monitor's.
    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    explicit RouteMonitor(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

}  // namespace weft::netlink
