// SPDX-License-Identifier: Apache-2.0
// What somebody else has changed in nf_tables, weft's tables or their own: the kernel's notices
// (NFNLGRP_NFTABLES). Control thread.
#pragma once

#include <cstdint>

#include <weft/base/bytes.hpp>
#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>

namespace weft::firewall {

/// By other netlink sockets than one's own.
struct ForeignChanges {
    bool ours = false;    // of `table inet weft` or `table arp weft`
    bool theirs = false;  // of other tables, their chains or rules

    void add(const ForeignChanges& more) {
        ours = ours || more.ours;
        theirs = theirs || more.theirs;
    }
};

/// What the notices of one datagram tell of. Pure; malformed ones tell nothing.
[[nodiscard]] ForeignChanges foreign_changes(ConstBytes notices, std::uint32_t own_port);

class Monitor {
  public:
    static Result<Monitor> open();

    /// Since the last call; everything where there were too many notices to be kept. Never blocks.
    [[nodiscard]] ForeignChanges take_foreign_changes(std::uint32_t own_port);
    /// Readable when there is a notice; stays the monitor's.
    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    explicit Monitor(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

}  // namespace weft::firewall
