// SPDX-License-Identifier: Apache-2.0
// What there is to say of the guards (firewall.hpp): what has failed, what the kernel lacks, and
// what was dropped and why that may be. Control thread.
#include <algorithm>
#include <array>
#include <chrono>

#include <unistd.h>

#include "firewall.hpp"

namespace weft::control {
namespace {

/// For how long a counter that has risen is a problem.
constexpr std::chrono::minutes kToldFor{10};
constexpr const char* kHasIpv6 = "/proc/net/if_inet6";

struct Lack {
    firewall::Part part;
    const char* what;
    const char* cause;
    const char* remedy;
};
using firewall::Part;
constexpr std::array kLacks = {
    Lack{Part::kMasquerade,
         "masquerade",
         "the kernel has none: containers do not leave the cluster",
         "modprobe -a nft_masq nft_chain_nat, or firewall.masquerade = false"},
    Lack{Part::kMssClamp,
         "mss_clamp",
         "the kernel cannot change TCP's segment size: large packets may be lost on the way",
         "a kernel with CONFIG_NF_TABLES and its rt expression, or firewall.mss_clamp = false"},
    Lack{Part::kAntiSpoof,
         "spoofed",
         "the kernel cannot look up routes in rules: containers may use others' addresses",
         "modprobe -a nft_fib_inet"},
    Lack{Part::kTracking,
         "connections",
         "the kernel does not track them: nothing but the overlay is answered by its members",
         "modprobe -a nft_ct"},
    Lack{Part::kArp,
         "arp",
         "the kernel has no such tables: it may answer ARP for overlay addresses",
         "a kernel with CONFIG_NF_TABLES_ARP"},
};

struct Explanation {
    std::string_view reason;
    const char* severity;
    const char* cause;
    const char* remedy;
};
constexpr std::array kExplanations = {
    Explanation{"inbound",
                "warning",
                "packets with overlay addresses came from outside the tunnel: somebody on the "
                "underlay tries to reach containers",
                "nothing got in; to see who it is: tcpdump -ni any not port 51840 and net POOL"},
    Explanation{"outbound",
                "warning",
                "packets to overlay addresses were about to leave outside the tunnel: another "
                "route or rule takes them",
                "nothing got out; find what is before weft's rules: ip rule, ip route get ADDRESS"},
    Explanation{
        "unmasqueraded",
        "info",
        "containers' packets were about to leave with overlay addresses, as what connection "
        "tracking takes for invalid",
        "nothing got out; where firewall.masquerade is false, masquerade them yourself"},
    Explanation{"exit",
                "warning",
                "members of the overlay sent packets for networks outside of it by this node",
                "nothing got through; if they may: a certificate that names it: weft cert sign "
                "--route PREFIX"},
    Explanation{"spoofed",
                "warning",
                "a container sent packets with an address that is not its own",
                "find it: nft list chain inet weft from_containers, tcpdump -ni wv…"},
    Explanation{"arp",
                "info",
                "somebody on the underlay asks for overlay addresses by ARP",
                "nothing answers; tcpdump -ni any arp shows who it is"},
    Explanation{"metadata",
                "info",
                "a container tried to reach the provider's metadata address",
                "if it may: firewall.metadata"},
    Explanation{"loopback",
                "warning",
                "packets to this machine's loopback address came from outside",
                "nothing got in; sysctl net.ipv4.conf.all.route_localnet should be 0"},
    Explanation{"lockdown",
                "info",
                "machines that are not allowed sent to weft's port",
                "if they may: firewall.allow"},
};

}  // namespace

void Firewall::add_lacks(std::vector<api::Problem>& out) const {
    for (const Lack& each : kLacks) {
        if (nftables_ && nftables_->lacking().contains(each.part)) {
            out.push_back({"firewall_incomplete", "warning", each.what, each.cause, each.remedy});
        }
    }
}

void Firewall::add_problems(std::vector<api::Problem>& out) const {
    if (routing_failed_) {
        out.push_back({"pool_not_routed",
                       "error",
                       "routing",
                       routing_failed_->cause,
                       routing_failed_->remedy});
    }
    for (const net::Prefix& pool : wanted_.pools) {
        const bool is_routed = std::find(guarded_.begin(), guarded_.end(), pool) != guarded_.end();
        if (!is_routed && (pool.address.is_v4() || ::access(kHasIpv6, F_OK) == 0)) {
            out.push_back(
                {"pool_not_guarded",
                 "warning",
                 pool.to_string(),
                 "this kernel has no routing rules: without the tunnel nftables alone "
                 "keeps the pool's packets here",
                 "a kernel with CONFIG_IP_MULTIPLE_TABLES and CONFIG_IPV6_MULTIPLE_TABLES"});
        }
    }
    if (failed_) {
        out.push_back({"firewall_not_set", "error", "nftables", failed_->cause, failed_->remedy});
    }
    add_lacks(out);
    for (const Explanation& each : kExplanations) {
        const auto found = drops_.find(std::string{each.reason});
        if (found == drops_.end() || !found->second.risen ||
            BootClock::now() - *found->second.risen > kToldFor) {
            continue;
        }
        out.push_back({"firewall_" + found->first,
                       each.severity,
                       std::to_string(found->second.total) + " dropped",
                       each.cause,
                       each.remedy});
    }
}

}  // namespace weft::control
