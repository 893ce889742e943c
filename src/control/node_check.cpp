// SPDX-License-Identifier: Apache-2.0
// weft check: what may be wrong on this node, its own parts first, then the machine's settings and
// other people's firewalls. What status calls a problem is one here too. Control thread.
#include <algorithm>

#include <netinet/in.h>
#include <unistd.h>

#include <weft/api/kernel_checks.hpp>
#include <weft/api/node_file.hpp>
#include <weft/api/state_check.hpp>
#include <weft/firewall/foreign.hpp>
#include <weft/firewall/interval.hpp>
#include <weft/ipam/store.hpp>

#include "clock_text.hpp"
#include "device_access.hpp"
#include "node_impl.hpp"
#include "pool_routing.hpp"

namespace weft::control {
namespace {

/// Long enough for the answer to weft down to be on its way.
constexpr std::chrono::milliseconds kDownAfter{100};

constexpr std::uint8_t kFromRouter = 9;  // RTPROT_RA

const char* path_text(firewall::Path path) {
    switch (path) {
        case firewall::Path::kInput:
            return "what other nodes send to weft's port";
        case firewall::Path::kForward:
            return "what containers send and get by the overlay";
        case firewall::Path::kOutput:
            return "what weft sends to other nodes";
    }
    return "";
}

}  // namespace

void Node::Impl::end_soon() {
    env_.store.forget_all();  // interface and guards are to be gone with this process
    down_timer_.expires_after(kDownAfter);
    down_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && env_.on_down) {
            env_.on_down();
        }
    });
}

std::vector<api::Check> Node::Impl::check() {
    settle();
    firewall_->observe();
    std::vector<api::Check> checks{check_interface(), check_offloads(), check_clock()};
    checks.push_back(check_state());
    checks.push_back(check_pools());
    checks.push_back(check_containers());
    checks.push_back(check_ip_forwarding());
    checks.push_back(check_ip6_forwarding());
    checks.push_back(api::check_loopback());
    checks.push_back(check_guards());
    add_foreign_checks(checks);
    for (const api::Problem& problem : problems(view_of(*engine_, false))) {
        if (problem.severity != "info") {
            checks.push_back({problem.code,
                              problem.severity,
                              problem.subject + ": " + problem.cause,
                              problem.remedy});
        }
    }
    return checks;
}

/// A machine that forwards takes no router's word, unless it is told to (accept_ra = 2): its own
/// default route would expire.
api::Check Node::Impl::check_ip6_forwarding() {
    std::string heed;
    const auto links = rtnetlink_->links();
    const auto routes = rtnetlink_->routes(netlink::kAnyInterface);
    for (const netlink::Link& link : links ? *links : std::vector<netlink::Link>{}) {
        const bool by_router =
            routes && std::any_of(routes->begin(), routes->end(), [&](const auto& route) {
                return route.interface == link.index && route.protocol == kFromRouter &&
                       !route.destination.address.is_v4() && route.destination.length == 0;
            });
        if (by_router && api::sysctl("net/ipv6/conf/" + link.name + "/accept_ra") == "1") {
            heed += "net.ipv6.conf." + link.name + ".accept_ra=2 ";
        }
    }
    api::Check check =
        api::check_forwarding("ip6_forwarding",
                              "net/ipv6/conf/all/forwarding",
                              "sysctl -w " + heed + "net.ipv6.conf.all.forwarding=1");
    if (check.state == "ok" && !heed.empty()) {
        check = {"ip6_forwarding",
                 "warning",
                 "on, and so routers' advertisements are no longer heeded: this machine's default "
                 "route will expire",
                 "sysctl -w " + heed};
    }
    return check;
}

api::Check Node::Impl::check_interface() {
    const auto links = rtnetlink_->links();
    const auto link = links ? std::find_if(links->begin(),
                                           links->end(),
                                           [&](const netlink::Link& each) {
                                               return each.index == engine_->ifindex();
                                           })
                            : std::vector<netlink::Link>::const_iterator{};
    if (!links || link == links->end()) {
        return {"interface", "error", engine_->interface() + " is gone", "systemctl restart weftd"};
    }
    if (!link->is_up) {
        return {"interface", "error", link->name + " is down", "ip link set " + link->name + " up"};
    }
    if (link->mtu != mtu_) {
        return {"interface",
                "warning",
                link->name + " has MTU " + std::to_string(link->mtu) + " instead of " +
                    std::to_string(mtu_),
                "ip link set " + link->name + " mtu " + std::to_string(mtu_)};
    }
    return {"interface", "ok", link->name + " is up, MTU " + std::to_string(mtu_), ""};
}

api::Check Node::Impl::check_offloads() const {
    const sys::Offloads now = engine_->offloads();
    std::string off;
    const auto note = [&off](bool wanted, bool has, const char* name) {
        if (wanted && !has) {
            off += (off.empty() ? "" : ", ") + std::string{name};
        }
    };
    note(config_.offloads.tun_tso, now.tun_tso, "tun-tso");
    note(config_.offloads.udp_gso, now.udp_gso, "udp-gso");
    note(config_.offloads.udp_gro, now.udp_gro, "udp-gro");
    return off.empty() ? api::Check{"offloads", "ok", "in use", ""}
                       : api::Check{"offloads",
                                    "warning",
                                    "the kernel or a network card refuses " + off +
                                        ": slower, but nothing is lost",
                                    "a newer kernel or driver"};
}

api::Check Node::Impl::check_clock() const {
    const auto& participant = overlay_->participant();
    if (!participant.is_member()) {
        return {"clock", "skipped", "in no network", ""};
    }
    const std::string off = clock_off(participant.time());
    if (!participant.time().view().trusted) {
        return {"clock",
                "error",
                off.empty() ? std::string{participant.time().distrust()} : off,
                kSetClock};
    }
    return off.empty() ? api::Check{"clock", "ok", "agrees with the other nodes'", ""}
                       : api::Check{"clock", "warning", off, kSetClock};
}

/// Of the state directory: the files of other interfaces' daemons too.
api::Check Node::Impl::check_state() const {
    return api::check_state(env_.paths.state_dir);
}

/// What has come since this machine joined: the guards take the pool into the tunnel, and so what
/// else has its addresses is out of reach.
api::Check Node::Impl::check_pools() {
    if (pools().empty()) {
        return {"pools", "skipped", "in no network", ""};
    }
    Surroundings around = surroundings();
    std::erase_if(around.in_use, [](const mesh::InUse& each) {
        return each.by.find(' ' + std::string{firewall::kContainerInterfaces}) != std::string::npos;
    });
    for (const net::Prefix& pool : pools()) {
        if (const mesh::InUse* other = mesh::in_the_way(pool, around.in_use)) {
            return {"pools",
                    "error",
                    "the pool " + pool.to_string() + " overlaps " + other->prefix.to_string() +
                        " (" + other->by + "): one of the two is out of reach",
                    other->way_out};
        }
    }
    return {"pools", "ok", "overlap nothing else on this machine", ""};
}

/// The plugin's part: its ledger can be read, and runtimes find it where it was installed.
api::Check Node::Impl::check_containers() const {
    if (!config_.cni.enabled) {
        return {"containers", "skipped", "cni.enabled is false", ""};
    }
    const Result<ipam::Journal> journal = ipam::read(ipam::kDirectoryDefault);
    const auto ledger = journal ? ipam::replay(*journal) : Result<ipam::Ledger>{journal.error()};
    if (!ledger && ledger.error().code == std::errc::permission_denied) {
        return {"containers", "skipped", ledger.error().cause, ""};
    }
    if (!ledger) {
        const std::string file =
            (std::filesystem::path{ipam::kDirectoryDefault} / ipam::kJournalName).string();
        return {"containers",
                "error",
                ledger.error().cause,
                ledger.error().remedy == ipam::kNewLedgerRemedy
                    ? "mv " + file + " " + file +
                          ".damaged; a new one is begun, and what running "
                          "containers have is seen by their routes"
                    : ledger.error().remedy};
    }
    const std::filesystem::path plugin = config_.cni.bin_dir / api::kPluginName;
    const std::filesystem::path conflist = config_.cni.conf_dir / api::kConflistName;
    const bool has_plugin = ::access(plugin.c_str(), X_OK) == 0;
    const bool has_network = ::access(conflist.c_str(), F_OK) == 0;
    if (has_plugin == has_network) {
        return {"containers",
                has_plugin ? "ok" : "skipped",
                has_plugin ? conflist.string() : "weft cni install was not run",
                ""};
    }
    return {"containers",
            "error",
            has_plugin ? "runtimes know no network weft: there is no " + conflist.string()
                       : "containers get no network: there is no " + plugin.string(),
            "weft cni install"};
}

/// The interface's own setting counts for what comes by it, whatever the machine's is.
api::Check Node::Impl::check_ip_forwarding() {
    api::Check check = api::check_forwarding(
        "ip_forward", "net/ipv4/ip_forward", "sysctl -w net.ipv4.ip_forward=1");
    const auto links = rtnetlink_->links();
    for (const netlink::Link& link : links ? *links : std::vector<netlink::Link>{}) {
        const bool is_ours = link.index == engine_->ifindex() ||
                             link.name.starts_with(firewall::kContainerInterfaces);
        if (check.state == "ok" && is_ours &&
            api::sysctl("net/ipv4/conf/" + link.name + "/forwarding") == "0") {
            check = {"ip_forward",
                     "warning",
                     "off for " + link.name + ": what comes by it reaches this machine alone",
                     "sysctl -w net.ipv4.conf." + link.name + ".forwarding=1"};
        }
    }
    return check;
}

/// Whether the guards are in force: the pool is asked for as any packet would be.
api::Check Node::Impl::check_guards() {
    if (!config_.firewall.enabled) {
        return {"guards", "skipped", "firewall.enabled is false", ""};
    }
    if (pools().empty()) {
        return {"guards", "skipped", "in no network: there is no pool to guard", ""};
    }
    if (const Error* const failed = firewall_->failure()) {
        return {"guards", "error", failed->cause, failed->remedy};
    }
    for (const net::Prefix& pool : pools()) {
        if (const auto address = routed_elsewhere(pool)) {
            return {"guards",
                    "error",
                    pool.to_string() + " is routed elsewhere than to " + engine_->interface(),
                    "ip route get " + address->to_string() + "; ip rule"};
        }
    }
    const char* kept = firewall_->owned()     ? "in force, and nobody else can change the tables"
                       : firewall_->watched() ? "in force; put back when somebody removes them"
                                              : "in force, but nobody watches them";
    return {"guards", firewall_->watched() ? "ok" : "warning", kept, ""};
}

/// Of the pool's first and last address one that is not the tunnel's, if any.
std::optional<net::IpAddress> Node::Impl::routed_elsewhere(const net::Prefix& pool) {
    for (const firewall::Interval& all :
         firewall::intervals_of(std::span{&pool, 1}, pool.address.family())) {
        for (const net::IpAddress& address : {pool.first_host(), all.last}) {
            if (!is_by_overlay(address)) {
                return address;
            }
        }
    }
    return std::nullopt;
}

/// Whether packets to it go into the tunnel; the node's own addresses are nobody's business.
bool Node::Impl::is_by_overlay(const net::IpAddress& address) {
    const auto own = own_addresses();
    const bool is_own = std::any_of(
        own.begin(), own.end(), [&](const auto& each) { return each.address == address; });
    const Result<unsigned> way = rtnetlink_->interface_towards(address);
    return is_own || (way && *way == engine_->ifindex());
}

/// One packet for each way that weft's go: to its port and from it, and between a container and the
/// overlay.
std::vector<firewall::Probe> Node::Impl::foreign_probes() {
    const Surroundings around = surroundings();
    const auto uplink = std::max_element(
        around.addresses.begin(), around.addresses.end(), [](const auto& a, const auto& b) {
            return a.leads_out < b.leads_out;
        });
    std::vector<firewall::Probe> probes;
    if (uplink != around.addresses.end()) {
        const auto links = rtnetlink_->links();
        std::string name;
        for (const netlink::Link& link : links ? *links : std::vector<netlink::Link>{}) {
            name = link.index == uplink->interface ? link.name : name;
        }
        const net::IpAddress& own = uplink->address.address;
        const std::uint16_t port = engine_->listen_port();
        const net::IpAddress other = uplink->address.masked().first_host();
        probes.push_back({firewall::Path::kInput, name, "", other, own, IPPROTO_UDP, port});
        probes.push_back({firewall::Path::kOutput, "", name, own, other, IPPROTO_UDP, port});
    }
    const std::string container = std::string{firewall::kContainerInterfaces} + "0";
    for (const net::Prefix& pool : pools()) {
        const net::IpAddress address = pool.first_host();
        const std::string& overlay = engine_->interface();
        constexpr std::uint16_t kHttp = 80;
        probes.push_back(
            {firewall::Path::kForward, container, overlay, address, address, IPPROTO_TCP, kHttp});
        probes.push_back(
            {firewall::Path::kForward, overlay, container, address, address, IPPROTO_TCP, kHttp});
    }
    return probes;
}

void Node::Impl::add_foreign_checks(std::vector<api::Check>& out) {
    std::set<std::string> told;
    for (const firewall::Probe& probe : foreign_probes()) {
        const auto drops = firewall::foreign_drops(probe);
        if (!drops) {
            out.push_back(
                {"other_firewalls", "skipped", drops.error().cause, drops.error().remedy});
            return;
        }
        for (const firewall::ForeignDrop& drop : *drops) {
            if (told.insert(drop.chain + drop.remedy).second) {
                out.push_back({"other_firewalls",
                               drop.certain ? "error" : "warning",
                               drop.chain + " drops " + path_text(probe.path) + ": " + drop.what +
                                   (drop.certain ? "" : ", unless a rule before it lets it pass"),
                               drop.remedy});
            }
        }
    }
    if (const auto unread = firewall::unread_rules()) {
        out.push_back({"other_firewalls", "skipped", unread->cause, unread->remedy});
    } else if (told.empty()) {
        out.push_back({"other_firewalls", "ok", "let weft's packets pass", ""});
    }
}

}  // namespace weft::control
