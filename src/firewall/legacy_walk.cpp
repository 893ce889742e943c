// SPDX-License-Identifier: Apache-2.0
// See legacy_walk.hpp. Kernel: include/uapi/linux/netfilter/x_tables.h, ip_tables.h, ip6_tables.h;
// net/ipv4/netfilter/ip_tables.c (ipt_do_table). An entry is a match on addresses and interfaces,
// further matches by name, and a target; a chain runs from entry to entry, a built-in one to its
// policy. Control thread.
#include "legacy_walk.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include <arpa/inet.h>  // before linux/in.h, which then leaves out what is there
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "xt_match.hpp"

namespace weft::firewall {
namespace {

constexpr unsigned kLegacyDepthMax = 16;
constexpr unsigned kStepsMax = 100'000;  // of one walk

struct Entries4 {
    using Entry = ipt_entry;
    static constexpr int kGoto = IPT_F_GOTO;
    static const ipt_ip& head(const Entry& entry) { return entry.ip; }
    static bool proto_counts(const ipt_ip& /*head*/) { return true; }
    static bool wants_fragment(const ipt_ip& head) {
        return (head.flags & IPT_F_FRAG) != 0 && (head.invflags & IPT_INV_FRAG) == 0;
    }
};
struct Entries6 {
    using Entry = ip6t_entry;
    static constexpr int kGoto = IP6T_F_GOTO;
    static const ip6t_ip6& head(const Entry& entry) { return entry.ipv6; }
    static bool proto_counts(const ip6t_ip6& head) { return (head.flags & IP6T_F_PROTO) != 0; }
    static bool wants_fragment(const ip6t_ip6& /*head*/) { return false; }
};
// Both families' inversions have the same numbers.
static_assert(IPT_INV_VIA_IN == IP6T_INV_VIA_IN && IPT_INV_SRCIP == IP6T_INV_SRCIP &&
              IPT_INV_DSTIP == IP6T_INV_DSTIP && IPT_INV_VIA_OUT == IP6T_INV_VIA_OUT);

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
enum class Outlook : std::uint8_t { kYes, kNo, kUnknown };

template <class Family>
class LegacyWalk {
  public:
    using Entry = typename Family::Entry;

    LegacyWalk(ConstBytes table, const Probe& probe) : table_(table), probe_(probe) {}

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
        if (Family::wants_fragment(head)) {
            return false;
        }
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

    /// Of an entry's matches by name.
    [[nodiscard]] Outlook further_matches(const Entry& entry, std::size_t offset) const {
        Outlook outlook = Outlook::kYes;
        for (std::size_t at = sizeof(Entry); at + sizeof(xt_entry_match) <= entry.target_offset;) {
            xt_entry_match match{};
            std::memcpy(&match, table_.data() + offset + at, sizeof match);
            const std::size_t size = match.u.match_size;
            if (size < sizeof match || size > entry.target_offset - at) {
                return Outlook::kUnknown;
            }
            const std::string_view name{match.u.user.name,
                                        ::strnlen(match.u.user.name, XT_EXTENSION_MAXNAMELEN)};
            const auto matches =
                xt_matches(name,
                           match.u.user.revision,
                           table_.subspan(offset + at + sizeof match, size - sizeof match),
                           probe_);
            if (matches && !*matches) {
                return Outlook::kNo;
            }
            outlook = matches ? outlook : Outlook::kUnknown;
            at += size;
        }
        return outlook;
    }

    LegacyVerdict target_of(const Entry& entry, std::size_t offset, unsigned depth) {
        xt_entry_target target{};
        const std::size_t at = offset + entry.target_offset;
        std::memcpy(&target, table_.data() + at, sizeof target);
        const std::string_view name{target.u.user.name,
                                    ::strnlen(target.u.user.name, XT_EXTENSION_MAXNAMELEN)};
        const Outlook outlook = further_matches(entry, offset);
        if (outlook == Outlook::kNo) {
            return LegacyVerdict::kNone;
        }
        const bool unknown = outlook == Outlook::kUnknown;
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
            const bool comes_back = (Family::head(entry).flags & Family::kGoto) == 0;
            const LegacyVerdict inner = walk(static_cast<std::size_t>(verdict), depth + 1);
            return inner == LegacyVerdict::kReturn && comes_back ? LegacyVerdict::kNone : inner;
        }
        if (verdict == XT_RETURN) {
            return LegacyVerdict::kReturn;
        }
        return verdict == -NF_DROP - 1 ? LegacyVerdict::kDrop : LegacyVerdict::kAccept;
    }

    ConstBytes table_;
    const Probe& probe_;
    unsigned steps_ = 0;
    std::size_t at_ = 0;
    bool unsure_ = false;
};

template <class Family>
std::optional<LegacyDrop> drop_on(ConstBytes table, const LegacyChain& chain, const Probe& probe) {
    LegacyWalk<Family> walk{table, probe};
    LegacyVerdict verdict = walk.walk(chain.begin, 0);
    if (verdict == LegacyVerdict::kReturn) {  // from where nobody has called
        verdict = walk.walk(chain.policy, 0);
    }
    if (verdict != LegacyVerdict::kDrop) {
        return std::nullopt;
    }
    LegacyDrop drop;
    drop.by_policy = walk.at() == chain.policy;
    drop.unsure = walk.unsure();
    if (walk.at() >= chain.begin && walk.at() < chain.policy) {
        drop.rule = walk.number_of(chain.begin, walk.at());
    }
    return drop;
}

}  // namespace

std::optional<LegacyDrop> walk_legacy(ConstBytes table,
                                      const LegacyChain& chain,
                                      const Probe& probe) {
    return probe.destination.is_v4() ? drop_on<Entries4>(table, chain, probe)
                                     : drop_on<Entries6>(table, chain, probe);
}

}  // namespace weft::firewall
