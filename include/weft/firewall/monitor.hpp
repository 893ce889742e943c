// SPDX-License-Identifier: Apache-2.0
// Whether somebody else has touched weft's tables: the kernel's notices about nf_tables
// (NFNLGRP_NFTABLES). Control thread.
#pragma once

#include <cstdint>

#include <weft/base/bytes.hpp>
#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>

namespace weft::firewall {

/// Whether the notices of one datagram tell of a change to `table inet weft` or `table arp weft` by
/// another netlink socket than `own_port`. Pure; malformed ones tell nothing.
[[nodiscard]] bool touches_our_tables(ConstBytes notices, std::uint32_t own_port);

class Monitor {
  public:
    static Result<Monitor> open();

    /// Whether there was such a change since the last call, or too many notices to be kept; never
    /// blocks.
    [[nodiscard]] bool take_foreign_changes(std::uint32_t own_port);
    /// Readable when there is a notice; stays the monitor's.
    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    explicit Monitor(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

}  // namespace weft::firewall
