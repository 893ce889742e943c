// SPDX-License-Identifier: Apache-2.0
// See foreign_legacy.hpp. Kernel: include/uapi/linux/netfilter_ipv4/ip_tables.h,
// netfilter_ipv6/ip6_tables.h. Control thread.
#include "foreign_legacy.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <vector>

#include <arpa/inet.h>  // before linux/in.h, which then leaves out what is there
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weft/base/unique_fd.hpp>
#include <weft/firewall/ruleset.hpp>

#include "legacy_walk.hpp"

namespace weft::firewall {
namespace {

constexpr std::size_t kTableBytesMax = 16 << 20;

struct V4 {
    using Info = ipt_getinfo;
    static constexpr int kFamily = AF_INET;
    static constexpr int kLevel = IPPROTO_IP;
    static constexpr const char* kNames = "/proc/net/ip_tables_names";
    static constexpr const char* kCommand = "iptables-legacy";
};
struct V6 {
    using Info = ip6t_getinfo;
    static constexpr int kFamily = AF_INET6;
    static constexpr int kLevel = IPPROTO_IPV6;
    static constexpr const char* kNames = "/proc/net/ip6_tables_names";
    static constexpr const char* kCommand = "ip6tables-legacy";
};

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
    const std::vector<std::byte> table = read_table<Family>(info);
    if (table.empty()) {
        return std::nullopt;
    }
    const auto hook = static_cast<std::size_t>(probe.path == Path::kInput     ? NF_INET_LOCAL_IN
                                               : probe.path == Path::kForward ? NF_INET_FORWARD
                                                                              : NF_INET_LOCAL_OUT);
    const auto found = walk_legacy(table, {info.hook_entry[hook], info.underflow[hook]}, probe);
    if (!found) {
        return std::nullopt;
    }
    ForeignDrop drop;
    drop.chain = std::string{Family::kCommand} + " filter " + chain_of(probe.path);
    drop.what = found->by_policy   ? "its policy is drop"
                : found->rule != 0 ? "rule " + std::to_string(found->rule) + " drops it"
                                   : "a chain that it jumps to drops it";
    drop.certain = !found->unsure;
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
