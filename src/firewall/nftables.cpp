// SPDX-License-Identifier: Apache-2.0
// See nftables.hpp. Control thread.
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <arpa/inet.h>  // before linux/in.h, which then leaves out what is there
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include <weft/firewall/nftables.hpp>

#include "encode.hpp"
#include "netfilter_socket.hpp"
#include "rule_reading.hpp"

namespace weft::firewall {
namespace {

int take_counter(nftnl_expr* expression, void* out) {
    if (std::string_view{nftnl_expr_get_str(expression, NFTNL_EXPR_NAME)} == "counter") {
        *static_cast<std::uint64_t*>(out) = nftnl_expr_get_u64(expression, NFTNL_EXPR_CTR_PACKETS);
    }
    return 0;
}

/// What a rule that drops has counted, to its reason.
void add_counter(const nlmsghdr& message, DropCounts& counts) {
    const RuleHandle rule = parse_rule(message);
    const std::string comment = rule ? comment_of(*rule) : std::string{};
    const std::size_t colon = comment.find(':');
    if (colon == std::string::npos) {
        return;
    }
    std::uint64_t packets = 0;
    nftnl_expr_foreach(rule.get(), take_counter, &packets);
    counts[comment.substr(0, colon)] += packets;
}

/// Whether the kernel has no such expression, chain type or family.
bool is_lack(const Error& error) {
    const int code = error.code.value();
    return code == ENOENT || code == EOPNOTSUPP || code == EAFNOSUPPORT || code == EPROTONOSUPPORT;
}

}  // namespace

Result<Nftables> Nftables::open() {
    std::uint32_t port = 0;
    Result<UniqueFd> fd = open_netfilter_socket(port);
    if (!fd) {
        return fd.error();
    }
    return Nftables{std::move(*fd), port};
}

Result<Nftables> Nftables::adopt(UniqueFd fd) {
    std::uint32_t port = 0;
    if (Result<> adopted = adopt_netfilter_socket(fd.get(), port); !adopted) {
        return adopted.error();
    }
    return Nftables{std::move(fd), port};
}

Result<> Nftables::replace(const Ruleset& ruleset, std::uint32_t flags) {
    Batch batch{sequence_};
    batch.remove(TableFamily::kInet);
    if (ruleset.has(Part::kArp)) {
        batch.remove(TableFamily::kArp);
    }
    for (const Table& table : build(ruleset)) {
        batch.add(table, flags);
    }
    const ConstBytes bytes = batch.finish();
    sequence_ = batch.last_sequence() + 1;
    return transact(fd_.get(), bytes, "replacing nftables' tables inet weft and arp weft");
}

/// A batch is taken as a whole or not at all: what the kernel lacks is found by trying.
Result<> Nftables::apply(const Ruleset& ruleset, Ownership ownership) {
    Ruleset least = ruleset;
    least.lacking = lacking_;
    Result<> applied = apply_whole(least, ownership);
    if (applied || !is_lack(applied.error())) {
        return applied;
    }
    least.lacking = {kParts.begin(), kParts.end()};
    applied = apply_whole(least, ownership);
    if (!applied) {
        const bool has_none = ruleset.empty() && is_lack(applied.error());
        return has_none ? Result<>{} : applied;
    }
    for (const Part part : kParts) {
        Ruleset more = least;
        more.lacking.erase(part);
        if (apply_whole(more, ownership)) {
            least = std::move(more);
        }
    }
    lacking_ = std::move(least.lacking);
    return {};
}

Result<> Nftables::apply_whole(const Ruleset& ruleset, Ownership ownership) {
    if (ownership == Ownership::kOurs && !ruleset.empty()) {
        Result<> replaced = replace(ruleset, kOwned);
        const int code = replaced ? 0 : replaced.error().code.value();
        owned_ = code == 0;
        if (code != EOPNOTSUPP && code != EINVAL) {
            return replaced;
        }
    }
    owned_ = false;
    return replace(ruleset, 0);
}

Result<> Nftables::replace_allowed(const Ruleset& ruleset) {
    Batch batch{sequence_};
    for (const Set& set : build_allowed(ruleset)) {
        batch.replace_elements(set);
    }
    const ConstBytes bytes = batch.finish();
    sequence_ = batch.last_sequence() + 1;
    return transact(fd_.get(), bytes, "changing who is allowed in nftables' table inet weft");
}

Result<DropCounts> Nftables::drops() {
    DropCounts counts;
    for (const TableFamily family : {TableFamily::kInet, TableFamily::kArp}) {
        alignas(nlmsghdr) std::array<char, kRequestMax> request{};
        nlmsghdr* const message = nftnl_nlmsg_build_hdr(request.data(),
                                                        NFT_MSG_GETRULE,
                                                        static_cast<std::uint16_t>(family),
                                                        NLM_F_DUMP,
                                                        sequence_++);
        const RuleHandle of{nftnl_rule_alloc()};
        if (!of) {
            return errno_error(ENOMEM, "reading nftables' counters");
        }
        nftnl_rule_set_str(of.get(), NFTNL_RULE_TABLE, kTable);
        nftnl_rule_nlmsg_build_payload(message, of.get());
        const ConstBytes bytes = std::as_bytes(std::span{request}).first(message->nlmsg_len);
        Result<> dumped =
            dump(fd_.get(), bytes, "reading nftables' counters", [&counts](const nlmsghdr& each) {
                add_counter(each, counts);
            });
        if (!dumped && dumped.error().code.value() != ENOENT) {
            return dumped.error();
        }
    }
    return counts;
}

}  // namespace weft::firewall
