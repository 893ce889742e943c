// SPDX-License-Identifier: Apache-2.0
// See foreign.hpp: every base chain in the packet's path, and the walk through it. What there is
// comes by three dumps (chains, rules, and the elements of sets that rules look into). Control
// thread.
#include <algorithm>
#include <array>
#include <map>
#include <span>

#include <arpa/inet.h>  // before linux/in.h, which then leaves out what is there
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>

#include <weft/firewall/foreign.hpp>

#include "build.hpp"
#include "foreign_legacy.hpp"
#include "foreign_walk.hpp"
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

const char* family_name(std::uint16_t family) {
    if (family == NFPROTO_INET) {
        return "inet";
    }
    return family == NFPROTO_IPV4 ? "ip" : "ip6";
}

struct BaseChain {
    ChainName name;
    std::uint32_t hook = 0;
    std::int32_t priority = 0;
    bool drops = false;
};

class Reader {
  public:
    static Result<Reader> open() {
        std::uint32_t port = 0;
        Result<UniqueFd> fd = open_netfilter_socket(port);
        if (!fd) {
            return fd.error();
        }
        return Reader{std::move(*fd)};
    }

    Result<std::vector<BaseChain>> base_chains() {
        std::vector<BaseChain> chains;
        Result<> done = ask(NFT_MSG_GETCHAIN, [&](const nlmsghdr& message) {
            const std::unique_ptr<nftnl_chain, void (*)(const nftnl_chain*)> chain{
                nftnl_chain_alloc(), nftnl_chain_free};
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

    Result<Rules> rules() {
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

    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    explicit Reader(UniqueFd fd) : fd_(std::move(fd)) {}

    Result<> ask(std::uint16_t type, const std::function<void(const nlmsghdr&)>& take) {
        alignas(nlmsghdr) std::array<char, kRequestMax> request{};
        const nlmsghdr* const message =
            nftnl_nlmsg_build_hdr(request.data(), type, NFPROTO_UNSPEC, NLM_F_DUMP, ++sequence_);
        return dump(fd_.get(),
                    std::as_bytes(std::span{request}).first(message->nlmsg_len),
                    "reading nftables' rules",
                    take);
    }

    UniqueFd fd_;
    std::uint32_t sequence_ = 0;
};

std::string nft_remedy(const BaseChain& base, const Probe& probe) {
    std::string match;
    if (probe.path == Path::kForward) {
        match = probe.in == probe.out
                    ? ""
                    : "iifname \"" + probe.in + "\" oifname \"" + probe.out + "\" ";
        if (probe.in.starts_with(kContainerInterfaces)) {
            match = "iifname \"wv*\" ";
        } else if (probe.out.starts_with(kContainerInterfaces)) {
            match = "oifname \"wv*\" ";
        }
    } else {
        match = "udp " + std::string{probe.path == Path::kInput ? "dport " : "sport "} +
                std::to_string(probe.destination_port) + " ";
    }
    return std::string{"nft insert rule "} + family_name(base.name.family) + " " + base.name.table +
           " " + base.name.chain + " " + match + "accept";
}

bool is_ours(const ChainName& name) {
    return name.table == kTable && name.family == NFPROTO_INET;
}

bool sees(std::uint16_t family, const Probe& probe) {
    return family == NFPROTO_INET ||
           family == (probe.destination.is_v4() ? NFPROTO_IPV4 : NFPROTO_IPV6);
}

}  // namespace

Result<std::vector<ForeignDrop>> foreign_drops(const Probe& probe) {
    Result<Reader> reader = Reader::open();
    if (!reader) {
        return reader.error();
    }
    const auto chains = reader->base_chains();
    if (!chains) {
        return chains.error();
    }
    const auto rules = reader->rules();
    if (!rules) {
        return rules.error();
    }
    std::vector<ForeignDrop> drops;
    for (const BaseChain& base : *chains) {
        if (base.hook != hook_of(probe.path) || !sees(base.name.family, probe) ||
            is_ours(base.name)) {
            continue;
        }
        Walk walk{*rules, reader->fd(), probe};
        const Outcome outcome = walk.through(base.name);
        ForeignDrop drop;
        if (outcome.verdict == Verdict::kDrop) {
            drop.what = "rule " + std::to_string(outcome.handle) + " drops it" +
                        (outcome.comment.empty() ? "" : " (" + outcome.comment + ")");
        } else if (outcome.verdict == Verdict::kContinue && base.drops) {
            drop.what = "its policy is drop";
        } else {
            continue;
        }
        const ChainName& at = outcome.verdict == Verdict::kDrop ? outcome.chain : base.name;
        drop.chain = std::string{family_name(at.family)} + " " + at.table + " " + at.chain;
        drop.remedy = nft_remedy(base, probe);
        drop.certain = !outcome.unsure;
        drops.push_back(std::move(drop));
    }
    if (std::optional<ForeignDrop> drop = legacy_drop(probe)) {
        drops.push_back(std::move(*drop));
    }
    return drops;
}

}  // namespace weft::firewall
