// SPDX-License-Identifier: Apache-2.0
// See foreign_reader.hpp. Control thread.
#include "foreign_reader.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <span>

#include <arpa/inet.h>  // before linux/in.h, which then leaves out what is there
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>

#include "netfilter_socket.hpp"

namespace weft::firewall {
namespace {

constexpr std::size_t kRulesMax = 100'000;

std::uint32_t hook_of(Path path) {
    switch (path) {
        case Path::kInput:
            return NF_INET_LOCAL_IN;
        case Path::kForward:
            return NF_INET_FORWARD;
        case Path::kOutput:
            return NF_INET_LOCAL_OUT;
    }
    return NF_INET_FORWARD;
}

bool is_ours(const ChainName& name) {
    return name.table == kTable && name.family == NFPROTO_INET;
}

bool sees(std::uint16_t family, const Probe& probe) {
    return family == NFPROTO_INET ||
           family == (probe.destination.is_v4() ? NFPROTO_IPV4 : NFPROTO_IPV6);
}

}  // namespace

Result<ForeignReader> ForeignReader::open() {
    std::uint32_t port = 0;
    Result<UniqueFd> fd = open_netfilter_socket(port);
    if (!fd) {
        return fd.error();
    }
    return ForeignReader{std::move(*fd)};
}

Result<std::vector<BaseChain>> ForeignReader::base_chains() {
    std::vector<BaseChain> chains;
    Result<> done = ask(NFT_MSG_GETCHAIN, [&](const nlmsghdr& message) {
        const std::unique_ptr<nftnl_chain, void (*)(const nftnl_chain*)> chain{nftnl_chain_alloc(),
                                                                               nftnl_chain_free};
        if (!chain || nftnl_chain_nlmsg_parse(&message, chain.get()) != 0 ||
            !nftnl_chain_is_set(chain.get(), NFTNL_CHAIN_HOOKNUM)) {
            return;
        }
        BaseChain base;
        base.name = {
            static_cast<std::uint16_t>(nftnl_chain_get_u32(chain.get(), NFTNL_CHAIN_FAMILY)),
            nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_TABLE),
            nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_NAME)};
        base.hook = nftnl_chain_get_u32(chain.get(), NFTNL_CHAIN_HOOKNUM);
        base.priority = nftnl_chain_get_s32(chain.get(), NFTNL_CHAIN_PRIO);
        base.drops = nftnl_chain_get_u32(chain.get(), NFTNL_CHAIN_POLICY) == NF_DROP;
        chains.push_back(std::move(base));
    });
    if (!done) {
        return done.error();
    }
    std::stable_sort(chains.begin(), chains.end(), [](const auto& a, const auto& b) {
        return a.priority < b.priority;
    });
    return chains;
}

Result<Rules> ForeignReader::rules() {
    Rules rules;
    std::size_t count = 0;
    Result<> done = ask(NFT_MSG_GETRULE, [&](const nlmsghdr& message) {
        RuleHandle rule = parse_rule(message);
        if (!rule || count == kRulesMax) {
            return;
        }
        ++count;
        ChainName name{
            static_cast<std::uint16_t>(nftnl_rule_get_u32(rule.get(), NFTNL_RULE_FAMILY)),
            nftnl_rule_get_str(rule.get(), NFTNL_RULE_TABLE),
            nftnl_rule_get_str(rule.get(), NFTNL_RULE_CHAIN)};
        rules[std::move(name)].push_back(std::move(rule));
    });
    return done ? Result<Rules>{std::move(rules)} : Result<Rules>{done.error()};
}

Result<> ForeignReader::ask(std::uint16_t type, const std::function<void(const nlmsghdr&)>& take) {
    alignas(nlmsghdr) std::array<char, kRequestMax> request{};
    const nlmsghdr* const message =
        nftnl_nlmsg_build_hdr(request.data(), type, NFPROTO_UNSPEC, NLM_F_DUMP, ++sequence_);
    return dump(fd_.get(),
                std::as_bytes(std::span{request}).first(message->nlmsg_len),
                "reading nftables' rules",
                take);
}

Result<ForeignChains> ForeignChains::read() {
    Result<ForeignReader> reader = ForeignReader::open();
    if (!reader) {
        return reader.error();
    }
    auto chains = reader->base_chains();
    if (!chains) {
        return chains.error();
    }
    Result<Rules> rules = reader->rules();
    if (!rules) {
        return rules.error();
    }
    return ForeignChains{std::move(*reader), std::move(*chains), std::move(*rules)};
}

std::vector<Dropping> ForeignChains::dropping(const Probe& probe) const {
    std::vector<Dropping> dropping;
    for (const BaseChain& base : chains_) {
        if (base.hook != hook_of(probe.path) || !sees(base.name.family, probe) ||
            is_ours(base.name)) {
            continue;
        }
        Walk walk{rules_, reader_.fd(), probe};
        Outcome outcome = walk.through(base.name);
        const bool by_policy = outcome.verdict == Verdict::kContinue && base.drops;
        if (by_policy || outcome.verdict == Verdict::kDrop) {
            dropping.push_back({base, std::move(outcome)});
        }
    }
    return dropping;
}

}  // namespace weft::firewall
