// SPDX-License-Identifier: Apache-2.0
// See xt_match.hpp. Kernel: net/netfilter/xt_tcpudp.c, xt_conntrack.c, xt_state.c; numbers are in
// the machine's order. Control thread.
#include "xt_match.hpp"

#include <cstring>

#include <arpa/inet.h>  // before linux/in.h, which then leaves out what is there
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>

namespace weft::firewall {
namespace {

constexpr std::uint8_t kTcpSynAlone = 0x02;
constexpr unsigned kXtStateNew = XT_CONNTRACK_STATE_BIT(IP_CT_NEW);

template <class Info>
std::optional<Info> info_of(ConstBytes bytes) {
    Info info{};
    if (bytes.size() < sizeof info) {
        return std::nullopt;
    }
    std::memcpy(&info, bytes.data(), sizeof info);
    return info;
}

bool is_between(std::uint16_t port, const __u16 (&range)[2], bool inverted) {
    return (port >= range[0] && port <= range[1]) != inverted;
}

std::optional<bool> udp_matches(ConstBytes bytes, const Probe& probe) {
    const auto info = info_of<xt_udp>(bytes);
    if (!info) {
        return std::nullopt;
    }
    const auto inverted = [&](unsigned what) { return (info->invflags & what) != 0; };
    return probe.protocol == IPPROTO_UDP &&
           is_between(probe.source_port(), info->spts, inverted(XT_UDP_INV_SRCPT)) &&
           is_between(probe.destination_port, info->dpts, inverted(XT_UDP_INV_DSTPT));
}

std::optional<bool> tcp_matches(ConstBytes bytes, const Probe& probe) {
    const auto info = info_of<xt_tcp>(bytes);
    if (!info) {
        return std::nullopt;
    }
    const auto inverted = [&](unsigned what) { return (info->invflags & what) != 0; };
    const bool flags =
        ((kTcpSynAlone & info->flg_mask) == info->flg_cmp) != inverted(XT_TCP_INV_FLAGS);
    const bool matches = probe.protocol == IPPROTO_TCP && flags &&
                         is_between(probe.source_port(), info->spts, inverted(XT_TCP_INV_SRCPT)) &&
                         is_between(probe.destination_port, info->dpts, inverted(XT_TCP_INV_DSTPT));
    const bool wants_option = info->option != 0;
    return matches && wants_option ? std::nullopt : std::optional{matches};
}

template <class Info>
std::optional<bool> conntrack_matches(ConstBytes bytes) {
    const auto info = info_of<Info>(bytes);
    constexpr unsigned kTold = XT_CONNTRACK_STATE | XT_CONNTRACK_STATE_ALIAS;
    if (!info || (info->match_flags & ~kTold) != 0) {
        return std::nullopt;
    }
    const bool is_new = (info->state_mask & kXtStateNew) != 0;
    const bool wanted = (info->match_flags & XT_CONNTRACK_STATE) != 0;
    return !wanted || is_new != ((info->invert_flags & XT_CONNTRACK_STATE) != 0);
}

std::optional<bool> state_matches(ConstBytes bytes) {
    const auto info = info_of<xt_state_info>(bytes);
    return info ? std::optional{(info->statemask & kXtStateNew) != 0} : std::nullopt;
}

}  // namespace

std::optional<bool> xt_matches(std::string_view name,
                               unsigned revision,
                               ConstBytes info,
                               const Probe& probe) {
    if (name == "comment") {
        return true;
    }
    if (name == "udp" && revision == 0) {
        return udp_matches(info, probe);
    }
    if (name == "tcp" && revision == 0) {
        return tcp_matches(info, probe);
    }
    if (name == "conntrack" && revision == 1) {
        return conntrack_matches<xt_conntrack_mtinfo1>(info);
    }
    if (name == "conntrack" && (revision == 2 || revision == 3)) {
        return conntrack_matches<xt_conntrack_mtinfo2>(info);  // what 3 has more is behind it
    }
    if (name == "state" && revision == 0) {
        return state_matches(info);
    }
    return std::nullopt;
}

}  // namespace weft::firewall
