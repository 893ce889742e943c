// SPDX-License-Identifier: Apache-2.0
// See foreign_legacy.hpp. Kernel: include/uapi/linux/netfilter/x_tables.h, ip_tables.h,
// ip6_tables.h: a table is one blob of entries, each a match on addresses and interfaces, further
// matches by name, and a target; a built-in chain runs from its hook's entry to its policy, the
// underflow. Every offset in the blob is checked before it is used. Control thread.
#include "foreign_legacy.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <string_view>
#include <vector>

#include <arpa/inet.h>  // before linux/in.h, which then leaves out what is there
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weft/base/unique_fd.hpp>
#include <weft/firewall/ruleset.hpp>

namespace weft::firewall {
namespace {

constexpr std::size_t kTableBytesMax = 16 << 20;
constexpr unsigned kLegacyDepthMax = 16;
constexpr unsigned kStepsMax = 100'000;  // of one walk

struct V4 {
    using Entry = ipt_entry;
    using Info = ipt_getinfo;
    static constexpr int kFamily = AF_INET;
    static constexpr int kLevel = IPPROTO_IP;
    static constexpr const char* kNames = "/proc/net/ip_tables_names";
    static constexpr const char* kCommand = "iptables-legacy";
    static const ipt_ip& head(const Entry& entry) { return entry.ip; }
    static bool proto_counts(const ipt_ip& /*head*/) { return true; }
};
struct V6 {
    using Entry = ip6t_entry;
    using Info = ip6t_getinfo;
    static constexpr int kFamily = AF_INET6;
    static constexpr int kLevel = IPPROTO_IPV6;
    static constexpr const char* kNames = "/proc/net/ip6_tables_names";
    static constexpr const char* kCommand = "ip6tables-legacy";
    static const ip6t_ip6& head(const Entry& entry) { return entry.ipv6; }
    static bool proto_counts(const ip6t_ip6& head) { return (head.flags & IP6T_F_PROTO) != 0; }
};
// Both families' options and inversions have the same numbers.
static_assert(IPT_INV_VIA_IN == IP6T_INV_VIA_IN && IPT_INV_SRCIP == IP6T_INV_SRCIP &&
              IPT_INV_DSTIP == IP6T_INV_DSTIP && IPT_INV_VIA_OUT == IP6T_INV_VIA_OUT);

bool has_filter_table(const char* names) {
    std::ifstream file{names};
    std::string name;
    while (std::getline(file, name)) {
        if (name == "filter") {
            return true;
        }
    }
    return false;
}

bool address_matches(const net::IpAddress& address,
                     const void* wanted,
                     const void* mask,
                     bool inverted) {
    const auto* const want = static_cast<const std::byte*>(wanted);
    const auto* const bits = static_cast<const std::byte*>(mask);
    const ConstBytes bytes = address.bytes();
    bool same = true;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        same = same && (bytes[i] & bits[i]) == want[i];
    }
    return same != inverted;
}

bool interface_matches(const std::string& name,
                       const char* wanted,
                       const unsigned char* mask,
                       bool inverted) {
    bool same = true;
    for (std::size_t i = 0; i < IFNAMSIZ; ++i) {
        const char c = i < name.size() ? name[i] : '\0';
        same = same && (mask[i] == 0 || c == wanted[i]);
    }
    return same != inverted;
}

enum class LegacyVerdict : std::uint8_t { kNone, kAccept, kDrop, kReturn };

template <class Family>
class LegacyWalk {
  public:
    using Entry = typename Family::Entry;

    LegacyWalk(std::vector<std::byte> table, const Probe& probe)
        : table_(std::move(table)), probe_(probe) {}

    /// From an entry on until something decides.
    LegacyVerdict walk(std::size_t offset, unsigned depth) {
        while (const Entry* const entry = entry_at(offset)) {
            if (++steps_ > kStepsMax || depth > kLegacyDepthMax) {
                return LegacyVerdict::kNone;
            }
            at_ = offset;
            const std::size_t next = offset + entry->next_offset;
            LegacyVerdict verdict = LegacyVerdict::kNone;
            if (head_matches(*entry)) {
                verdict = target_of(*entry, offset, depth);
            }
            if (verdict != LegacyVerdict::kNone) {
                return verdict;
            }
            offset = next;
        }
        return LegacyVerdict::kNone;
    }

    [[nodiscard]] bool unsure() const { return unsure_; }
    /// Where the last entry is that was looked at.
    [[nodiscard]] std::size_t at() const { return at_; }
    /// The how-manieth of its chain, from `begin`, an entry is.
    [[nodiscard]] unsigned number_of(std::size_t begin, std::size_t entry) const {
        unsigned number = 1;
        for (std::size_t offset = begin; offset < entry; ++number) {
            const Entry* const each = entry_at(offset);
            if (each == nullptr) {
                return 0;
            }
            offset += each->next_offset;
        }
        return number;
    }

  private:
    [[nodiscard]] const Entry* entry_at(std::size_t offset) const {
        if (offset % alignof(Entry) != 0 || offset > table_.size() ||
            table_.size() - offset < sizeof(Entry)) {
            return nullptr;
        }
        const void* const start = table_.data() + offset;
        const auto* const entry = static_cast<const Entry*>(start);
        const bool whole = entry->target_offset >= sizeof(Entry) &&
                           entry->next_offset >= entry->target_offset + sizeof(xt_entry_target) &&
                           entry->next_offset <= table_.size() - offset;
        return whole ? entry : nullptr;
    }

    [[nodiscard]] bool head_matches(const Entry& entry) const {
        const auto& head = Family::head(entry);
        const auto inverted = [&](int what) { return (head.invflags & what) != 0; };
        const bool any_protocol = head.proto == 0 || !Family::proto_counts(head);
        return address_matches(probe_.source, &head.src, &head.smsk, inverted(IPT_INV_SRCIP)) &&
               address_matches(
                   probe_.destination, &head.dst, &head.dmsk, inverted(IPT_INV_DSTIP)) &&
               interface_matches(
                   probe_.in, head.iniface, head.iniface_mask, inverted(IPT_INV_VIA_IN)) &&
               interface_matches(
                   probe_.out, head.outiface, head.outiface_mask, inverted(IPT_INV_VIA_OUT)) &&
               (any_protocol || (head.proto == probe_.protocol) != inverted(XT_INV_PROTO));
    }

    /// Whether an entry has matches whose outcome is not told here.
    [[nodiscard]] bool has_unknown_matches(const Entry& entry, std::size_t offset) const {
        for (std::size_t at = sizeof(Entry); at + sizeof(xt_entry_match) <= entry.target_offset;) {
            xt_entry_match match{};
            std::memcpy(&match, table_.data() + offset + at, sizeof match);
            const std::string_view name{match.u.user.name,
                                        ::strnlen(match.u.user.name, XT_EXTENSION_MAXNAMELEN)};
            if (name != "comment" || match.u.match_size < sizeof match) {
                return true;
            }
            at += match.u.match_size;
        }
        return false;
    }

    LegacyVerdict target_of(const Entry& entry, std::size_t offset, unsigned depth) {
        xt_entry_target target{};
        const std::size_t at = offset + entry.target_offset;
        std::memcpy(&target, table_.data() + at, sizeof target);
        const std::string_view name{target.u.user.name,
                                    ::strnlen(target.u.user.name, XT_EXTENSION_MAXNAMELEN)};
        const bool unknown = has_unknown_matches(entry, offset);
        if (!name.empty()) {
            return name == "REJECT" && !unknown ? LegacyVerdict::kDrop : LegacyVerdict::kNone;
        }
        int verdict = 0;
        if (at + sizeof target + sizeof verdict > offset + entry.next_offset) {
            return LegacyVerdict::kNone;
        }
        std::memcpy(&verdict, table_.data() + at + sizeof target, sizeof verdict);
        if (unknown) {
            unsure_ = unsure_ || verdict != -NF_DROP - 1;
            return LegacyVerdict::kNone;
        }
        if (verdict >= 0) {
            const LegacyVerdict inner = walk(static_cast<std::size_t>(verdict), depth + 1);
            return inner == LegacyVerdict::kReturn ? LegacyVerdict::kNone : inner;
        }
        if (verdict == XT_RETURN) {
            return LegacyVerdict::kReturn;
        }
        return verdict == -NF_DROP - 1 ? LegacyVerdict::kDrop : LegacyVerdict::kAccept;
    }

    std::vector<std::byte> table_;
    const Probe& probe_;
    unsigned steps_ = 0;
    std::size_t at_ = 0;
    bool unsure_ = false;
};

/// The filter table's entries; empty where it cannot be read.
template <class Family>
std::vector<std::byte> read_table(typename Family::Info& info) {
    const UniqueFd fd{::socket(Family::kFamily, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    std::strncpy(info.name, "filter", sizeof info.name - 1);
    socklen_t size = sizeof info;
    if (!fd.valid() || ::getsockopt(fd.get(), Family::kLevel, IPT_SO_GET_INFO, &info, &size) != 0 ||
        info.size > kTableBytesMax) {
        return {};
    }
    constexpr std::size_t kHead = offsetof(ipt_get_entries, entrytable);
    static_assert(kHead == offsetof(ip6t_get_entries, entrytable));
    std::vector<std::byte> buffer(kHead + info.size);
    std::memcpy(buffer.data(), info.name, sizeof info.name);
    std::memcpy(buffer.data() + offsetof(ipt_get_entries, size), &info.size, sizeof info.size);
    size = static_cast<socklen_t>(buffer.size());
    if (::getsockopt(fd.get(), Family::kLevel, IPT_SO_GET_ENTRIES, buffer.data(), &size) != 0) {
        return {};
    }
    return {buffer.begin() + kHead, buffer.end()};
}

const char* chain_of(Path path) {
    switch (path) {
        case Path::kInput:
            return "INPUT";
        case Path::kForward:
            return "FORWARD";
        case Path::kOutput:
            return "OUTPUT";
    }
    return "";
}

std::string remedy_for(const char* command, const Probe& probe) {
    const std::string insert = std::string{command} + " -I " + chain_of(probe.path) + " ";
    if (probe.path == Path::kForward) {
        return insert + (probe.in.starts_with(kContainerInterfaces) ? "-i " : "-o ") +
               kContainerInterfaces + "+ -j ACCEPT";
    }
    return insert + "-p udp " + (probe.path == Path::kInput ? "--dport " : "--sport ") +
           std::to_string(probe.destination_port) + " -j ACCEPT";
}

template <class Family>
std::optional<ForeignDrop> drop_of(const Probe& probe) {
    if (!has_filter_table(Family::kNames)) {
        return std::nullopt;
    }
    typename Family::Info info{};
    std::vector<std::byte> table = read_table<Family>(info);
    if (table.empty()) {
        return std::nullopt;
    }
    const auto hook = static_cast<std::size_t>(probe.path == Path::kInput     ? NF_INET_LOCAL_IN
                                               : probe.path == Path::kForward ? NF_INET_FORWARD
                                                                              : NF_INET_LOCAL_OUT);
    LegacyWalk<Family> walk{std::move(table), probe};
    if (walk.walk(info.hook_entry[hook], 0) != LegacyVerdict::kDrop) {
        return std::nullopt;
    }
    ForeignDrop drop;
    drop.chain = std::string{Family::kCommand} + " filter " + chain_of(probe.path);
    const bool by_policy = walk.at() == info.underflow[hook];
    const bool in_chain = walk.at() >= info.hook_entry[hook] && walk.at() < info.underflow[hook];
    drop.what = by_policy ? "its policy is drop"
                : in_chain
                    ? "rule " + std::to_string(walk.number_of(info.hook_entry[hook], walk.at())) +
                          " drops it"
                    : "a chain that it jumps to drops it";
    drop.certain = !walk.unsure();
    drop.remedy = remedy_for(Family::kCommand, probe);
    return drop;
}

}  // namespace

std::optional<ForeignDrop> legacy_drop(const Probe& probe) {
    return probe.destination.is_v4() ? drop_of<V4>(probe) : drop_of<V6>(probe);
}

std::optional<Error> unread_rules() {
    for (const char* names : {V4::kNames, V6::kNames}) {
        if (::access(names, F_OK) == 0 && ::access(names, R_OK) != 0) {
            return errno_error(
                errno,
                std::string{"reading which rules of iptables-legacy there are from "} + names,
                "look yourself: iptables-legacy -S; ip6tables-legacy -S");
        }
    }
    return std::nullopt;
}

}  // namespace weft::firewall
