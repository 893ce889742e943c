// SPDX-License-Identifier: Apache-2.0
// The kernel's packet filter, as far as it is weft's: `table inet weft` and `table arp weft`, made
// by one transaction each time, so that there are the old rules or the new ones and never none.
// Control thread, or the guard that runs without the daemon; blocking, but not for long.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/firewall/foreign.hpp>
#include <weft/firewall/ruleset.hpp>

namespace weft::firewall {

/// Packets dropped, by reason: "inbound", "outbound", "unmasqueraded", "exit", "arp", "spoofed",
/// "metadata", "loopback", "lockdown".
using DropCounts = std::map<std::string, std::uint64_t>;

enum class Ownership : std::uint8_t {
    kShared,  // whoever may change rules may change these
    kOurs,    // this object's alone while its socket lives (Linux 6.9); elsewhere shared
};

class Nftables {
  public:
    /// Errors: ENOTSUP where weft was built without libnftnl, or the kernel has no nf_tables.
    static Result<Nftables> open();
    /// The netlink socket of one that was before, in another process even: its tables are this
    /// one's. Errors: no such socket, or of another network namespace.
    static Result<Nftables> adopt(UniqueFd fd);

    /// Replaces both tables; of an empty ruleset nothing remains. Counters begin at 0. Parts that
    /// the kernel lacks are left out; without nf_tables there is nothing to remove.
    Result<> apply(const Ruleset& ruleset, Ownership ownership);
    /// Other elements for the sets of who is allowed; the ruleset is otherwise in force.
    Result<> replace_allowed(const Ruleset& ruleset);
    Result<> remove() { return apply({}, Ownership::kShared); }

    /// Where other people's base chains drop one of these packets: a rule at their beginning that
    /// lets it pass. How many were made; a chain whose owner keeps it to itself stays as it is.
    Result<std::size_t> open_others(std::span<const Probe> probes);
    /// Takes all such rules away, whoever made them, and nothing else.
    Result<> close_others();

    /// Nothing where there is no table.
    [[nodiscard]] Result<DropCounts> drops();
    [[nodiscard]] const std::set<Part>& lacking() const { return lacking_; }
    /// Whether nobody else can change the tables.
    [[nodiscard]] bool owned() const { return owned_; }
    /// Of the netlink socket: who has made a change.
    [[nodiscard]] std::uint32_t port() const { return port_; }
    /// That socket: tables are ours until the last duplicate of it is closed.
    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    Nftables(UniqueFd fd, std::uint32_t port) : fd_(std::move(fd)), port_(port) {}
    Result<> apply_whole(const Ruleset& ruleset, Ownership ownership);
    Result<> replace(const Ruleset& ruleset, std::uint32_t flags);

    UniqueFd fd_;
    std::uint32_t port_;
    std::uint32_t sequence_ = 1;
    bool owned_ = false;
    std::set<Part> lacking_;
};

}  // namespace weft::firewall
