// SPDX-License-Identifier: Apache-2.0
// See foreign.hpp: what the walks through other people's chains (foreign_reader, legacy_walk) come
// to, in words. Control thread.
#include <linux/netfilter.h>

#include <weft/firewall/foreign.hpp>

#include "foreign_legacy.hpp"
#include "foreign_reader.hpp"
#include "opening.hpp"

namespace weft::firewall {
namespace {

const char* family_name(std::uint16_t family) {
    if (family == NFPROTO_INET) {
        return "inet";
    }
    return family == NFPROTO_IPV4 ? "ip" : "ip6";
}

std::string text_of(const ChainName& name) {
    return std::string{family_name(name.family)} + " " + name.table + " " + name.chain;
}

ForeignDrop in_words(const Dropping& dropping, const Probe& probe) {
    const Outcome& outcome = dropping.outcome;
    const bool by_rule = outcome.verdict == Verdict::kDrop;
    ForeignDrop drop;
    drop.chain = text_of(by_rule ? outcome.chain : dropping.base.name);
    drop.what = by_rule ? "rule " + std::to_string(outcome.handle) + " drops it" +
                              (outcome.comment.empty() ? "" : " (" + outcome.comment + ")")
                        : "its policy is drop";
    drop.remedy = "nft insert rule " + text_of(dropping.base.name) + " " + opening_for(probe).text;
    drop.certain = !outcome.unsure;
    return drop;
}

}  // namespace

Result<std::vector<ForeignDrop>> foreign_drops(const Probe& probe) {
    const Result<ForeignChains> chains = ForeignChains::read();
    if (!chains) {
        return chains.error();
    }
    std::vector<ForeignDrop> drops;
    for (const Dropping& dropping : chains->dropping(probe)) {
        drops.push_back(in_words(dropping, probe));
    }
    if (std::optional<ForeignDrop> drop = legacy_drop(probe)) {
        drops.push_back(std::move(*drop));
    }
    return drops;
}

}  // namespace weft::firewall
