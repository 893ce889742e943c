// SPDX-License-Identifier: Apache-2.0
// See opening.hpp, and Nftables::open_others (weft/firewall/nftables.hpp). Each rule is a
// transaction of its own: a chain that is gone by then, or that its owner keeps to itself, is none
// of the others' business. Control thread.
#include "opening.hpp"

#include <cerrno>
#include <set>
#include <utility>

#include <weft/firewall/nftables.hpp>

#include "encode.hpp"
#include "foreign_reader.hpp"
#include "netfilter_socket.hpp"

namespace weft::firewall {
namespace {

Opening by_interface(Direction direction, const std::string& name, bool any_suffix) {
    const char* const which = direction == Direction::kIn ? "iifname" : "oifname";
    return {{{OnInterface{direction, name, any_suffix}}, Action::kAccept, kOpeningComment},
            std::string{which} + " \"" + name + (any_suffix ? "*" : "") + "\" accept"};
}

}  // namespace

Opening opening_for(const Probe& probe) {
    const std::string port = std::to_string(probe.destination_port);
    switch (probe.path) {
        case Path::kInput:
            return {{{UdpTo{probe.destination_port}}, Action::kAccept, kOpeningComment},
                    "udp dport " + port + " accept"};
        case Path::kOutput:
            return {{{UdpFrom{probe.destination_port}}, Action::kAccept, kOpeningComment},
                    "udp sport " + port + " accept"};
        case Path::kForward:
            break;
    }
    return probe.in.starts_with(kContainerInterfaces)
               ? by_interface(Direction::kIn, kContainerInterfaces, true)
           : probe.out.starts_with(kContainerInterfaces)
               ? by_interface(Direction::kOut, kContainerInterfaces, true)
               : by_interface(Direction::kIn, probe.in, false);
}

Result<std::size_t> Nftables::open_others(std::span<const Probe> probes) {
    const Result<ForeignChains> chains = ForeignChains::read();
    if (!chains) {
        return chains.error();
    }
    std::set<std::pair<ChainName, std::string>> tried;
    std::size_t opened = 0;
    for (const Probe& probe : probes) {
        const Opening opening = opening_for(probe);
        for (const Dropping& dropping : chains->dropping(probe)) {
            if (!tried.emplace(dropping.base.name, opening.text).second) {
                continue;
            }
            Batch batch{sequence_};
            batch.insert_first(dropping.base.name, opening.rule);
            const ConstBytes bytes = batch.finish();
            sequence_ = batch.last_sequence() + 1;
            if (transact(fd_.get(), bytes, "opening another's chain")) {
                ++opened;
            }
        }
    }
    return opened;
}

Result<> Nftables::close_others() {
    const Result<ForeignChains> chains = ForeignChains::read();
    if (!chains) {
        return chains.error();
    }
    Result<> done;
    for (const auto& [chain, rules] : chains->rules()) {
        for (const RuleHandle& rule : rules) {
            if (comment_of(*rule) != kOpeningComment) {
                continue;
            }
            Batch batch{sequence_};
            batch.remove_rule(chain, nftnl_rule_get_u64(rule.get(), NFTNL_RULE_HANDLE));
            const ConstBytes bytes = batch.finish();
            sequence_ = batch.last_sequence() + 1;
            Result<> removed = transact(fd_.get(), bytes, "closing another's chain");
            const bool is_gone = removed || removed.error().code.value() == ENOENT;
            done = is_gone ? done : removed;
        }
    }
    return done;
}

}  // namespace weft::firewall
