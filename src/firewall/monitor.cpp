// SPDX-License-Identifier: Apache-2.0
// See monitor.hpp. In each notice of nf_tables the first attribute of interest, number 1, is the
// name of the table, whatever the notice is about (linux/netfilter/nf_tables.h). Control thread.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <weft/firewall/monitor.hpp>

#include "build.hpp"
#include "netfilter_socket.hpp"

namespace weft::firewall {
namespace {

constexpr std::size_t kNoticesMax = 64 << 10;
static_assert(NFTA_TABLE_NAME == 1 && NFTA_CHAIN_TABLE == 1 && NFTA_RULE_TABLE == 1 &&
              NFTA_SET_TABLE == 1 && NFTA_SET_ELEM_LIST_TABLE == 1);

bool is_notice(const nlmsghdr& message) {
    return message.nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES &&
           message.nlmsg_len >= sizeof message + sizeof(nfgenmsg);
}

/// Whether it may change what becomes of a packet; elements of sets, which some change all the
/// time, are left out.
bool decides(const nlmsghdr& message) {
    switch (message.nlmsg_type & 0xff) {
        case NFT_MSG_NEWTABLE:
        case NFT_MSG_DELTABLE:
        case NFT_MSG_NEWCHAIN:
        case NFT_MSG_DELCHAIN:
        case NFT_MSG_NEWRULE:
        case NFT_MSG_DELRULE:
            return true;
        default:
            return false;
    }
}

bool is_about_us(const nlmsghdr& message) {
    const void* const start = &message;
    ConstBytes rest =
        ConstBytes{static_cast<const std::byte*>(start), message.nlmsg_len}.subspan(sizeof message);
    nfgenmsg head{};
    std::memcpy(&head, rest.data(), sizeof head);
    if (head.nfgen_family != static_cast<std::uint8_t>(TableFamily::kInet) &&
        head.nfgen_family != static_cast<std::uint8_t>(TableFamily::kArp)) {
        return false;
    }
    rest = rest.subspan(NLMSG_ALIGN(sizeof head));
    nlattr attribute{};
    while (rest.size() >= sizeof attribute) {
        std::memcpy(&attribute, rest.data(), sizeof attribute);
        if (attribute.nla_len < sizeof attribute || attribute.nla_len > rest.size()) {
            return false;
        }
        if ((attribute.nla_type & NLA_TYPE_MASK) == NFTA_TABLE_NAME) {
            const ConstBytes name = rest.first(attribute.nla_len).subspan(sizeof attribute);
            return name.size() == std::strlen(kTable) + 1 &&
                   std::memcmp(name.data(), kTable, name.size()) == 0;
        }
        rest = rest.subspan(std::min<std::size_t>(NLMSG_ALIGN(attribute.nla_len), rest.size()));
    }
    return false;
}

}  // namespace

ForeignChanges foreign_changes(ConstBytes notices, std::uint32_t own_port) {
    ForeignChanges changes;
    while (const nlmsghdr* const message = take_message(notices)) {
        if (message->nlmsg_pid == own_port || !is_notice(*message)) {
            continue;
        }
        const bool about_us = is_about_us(*message);
        changes.ours = changes.ours || about_us;
        changes.theirs = changes.theirs || (!about_us && decides(*message));
    }
    return changes;
}

Result<Monitor> Monitor::open() {
    std::uint32_t port = 0;
    Result<UniqueFd> fd = open_netfilter_socket(port);
    if (!fd) {
        return fd.error();
    }
    const int group = NFNLGRP_NFTABLES;
    if (::setsockopt(fd->get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
        return errno_error(errno, "listening to changes of nftables");
    }
    return Monitor{std::move(*fd)};
}

ForeignChanges Monitor::take_foreign_changes(std::uint32_t own_port) {
    ForeignChanges changes;
    alignas(nlmsghdr) std::array<std::byte, kNoticesMax> buffer;
    for (;;) {
        const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0) {
            if (errno == EINTR) {
                continue;
            }
            if (errno != ENOBUFS) {
                return changes;
            }
            changes = {true, true};
            continue;
        }
        const ConstBytes notices = ConstBytes{buffer}.first(static_cast<std::size_t>(size));
        changes.add(foreign_changes(notices, own_port));
    }
}

}  // namespace weft::firewall
