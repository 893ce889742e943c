// SPDX-License-Identifier: Apache-2.0
// See link_setup.hpp. Control thread.
#include "link_setup.hpp"

#include <algorithm>
#include <utility>

#include <weft/config/config.hpp>
#include <weft/firewall/ruleset.hpp>
#include <weft/sys/udp_socket.hpp>
#include <weft/wg/messages.hpp>

#include "pool_routing.hpp"

namespace weft::control {
namespace {

constexpr std::uint8_t kProtocol = netlink::kRouteProtocol;

}  // namespace

std::uint32_t gso_segments_for(std::uint32_t mtu) {
    constexpr std::uint32_t kPad = wg::kPaddingMultiple;
    const std::uint32_t padded = (mtu + kPad - 1) / kPad * kPad;
    const std::size_t sealed = padded + wg::kDataOverhead;
    const std::size_t fitting = sys::kTrainBytesMax / sealed;
    return static_cast<std::uint32_t>(std::clamp<std::size_t>(fitting, 1, sys::kTrainSegmentsMax));
}

std::uint32_t mtu_for(std::span<const netlink::Link> links, const std::set<unsigned>& towards) {
    const auto smallest = [&links](const auto& counts) {
        std::uint32_t mtu = 0;
        for (const netlink::Link& link : links) {
            const bool is_container = link.name.starts_with(firewall::kContainerInterfaces);
            if (link.is_up && !link.is_loopback && !is_container && link.mtu > 0 && counts(link)) {
                mtu = mtu == 0 ? link.mtu : std::min(mtu, link.mtu);
            }
        }
        return mtu;
    };
    std::uint32_t mtu =
        smallest([&](const netlink::Link& link) { return towards.contains(link.index); });
    if (mtu == 0) {
        mtu = smallest([](const netlink::Link&) { return true; });
    }
    if (mtu == 0) {
        return kMtuDefault;
    }
    return std::clamp(mtu, config::kMtuLeast + kOuterOverhead, config::kMtuMost + kOuterOverhead) -
           kOuterOverhead;
}

Result<std::uint32_t> find_mtu(netlink::Rtnetlink& rtnetlink,
                               const std::string& own,
                               std::span<const net::IpAddress> peers) {
    Result<std::vector<netlink::Link>> links = rtnetlink.links();
    if (!links) {
        return links.error();
    }
    std::erase_if(*links, [&own](const netlink::Link& link) { return link.name == own; });
    std::set<unsigned> towards;
    for (const net::IpAddress& peer : peers) {
        if (const Result<unsigned> index = rtnetlink.interface_towards(peer)) {
            towards.insert(*index);
        }
    }
    return mtu_for(*links, towards);
}

Result<> LinkSetup::recall() {
    const Result<std::vector<net::Prefix>> addresses = rtnetlink_.addresses(index_);
    if (!addresses) {
        return addresses.error();
    }
    for (const net::Prefix& address : *addresses) {
        if (!address.address.is_link_local()) {  // the kernel's
            added_.insert(address);
        }
    }
    for (const std::uint32_t table : {netlink::kMainTable, kPoolTable}) {
        const Result<std::vector<netlink::Route>> routes = rtnetlink_.routes(index_, table);
        if (!routes) {
            return routes.error();
        }
        for (const netlink::Route& route : *routes) {
            if (route.protocol == kProtocol) {
                installed_[route.destination] = table;
            }
        }
    }
    return {};
}

Result<> LinkSetup::configure(std::uint32_t mtu) {
    netlink::LinkSettings settings;
    settings.mtu = mtu;
    settings.tx_queue_length = kTxQueueLength;
    settings.gso_max_segments = gso_segments_for(mtu);
    settings.up = true;
    return rtnetlink_.configure_link(index_, settings);
}

Result<> LinkSetup::add_addresses(std::span<const net::Prefix> addresses) {
    for (const net::Prefix& address : addresses) {
        if (Result<> added = rtnetlink_.add_address(index_, address); !added) {
            return added.error();
        }
        added_.insert(address);
    }
    return {};
}

Result<> LinkSetup::sync_addresses(std::span<const net::Prefix> wanted) {
    // New ones first: with a family's last address the kernel drops the interface's routes.
    if (Result<> added = add_addresses(wanted); !added) {
        return added.error();
    }
    const std::set<net::Prefix> kept{wanted.begin(), wanted.end()};
    const std::size_t before = added_.size();
    for (auto it = added_.begin(); it != added_.end();) {
        if (kept.contains(*it)) {
            ++it;
            continue;
        }
        if (Result<> removed = rtnetlink_.remove_address(index_, *it); !removed) {
            return removed.error();
        }
        it = added_.erase(it);
    }
    if (added_.size() == before) {
        return {};
    }
    return add_addresses(wanted);  // those that went with the first address of their subnet
}

void LinkSetup::sync_routes(const std::map<net::Prefix, std::uint32_t>& wanted,
                            std::span<const net::Prefix> pools) {
    for (auto it = installed_.begin(); it != installed_.end();) {
        const auto& [prefix, table] = *it;
        if (wanted.contains(prefix) && table == table_of(prefix, pools)) {
            ++it;
            continue;
        }
        if (Result<> removed = rtnetlink_.remove_route({prefix, index_, {}, kProtocol, {}, table});
            !removed) {
            log_.warn("route_not_removed",
                      {{"route", prefix.to_string()}, {"cause", removed.error().message()}});
        }
        it = installed_.erase(it);
    }
    std::map<std::pair<net::Prefix, std::uint32_t>, std::uint32_t> present;  // to their MTUs
    for (const std::uint32_t table : {netlink::kMainTable, kPoolTable}) {
        if (const auto routes = rtnetlink_.routes(index_, table)) {
            for (const netlink::Route& route : *routes) {
                present.emplace(std::pair{route.destination, table}, route.mtu);
            }
        }
    }
    std::map<net::Prefix, Error> failed;
    for (const auto& [prefix, mtu] : wanted) {
        const std::uint32_t table = table_of(prefix, pools);
        const netlink::Route route{prefix, index_, {}, kProtocol, {}, table, mtu};
        const auto there = present.find({prefix, table});
        Result<> added;
        if (there == present.end()) {
            added = rtnetlink_.add_route(route);
        } else if (there->second != mtu) {
            added = rtnetlink_.replace_route(route);
        }
        if (added) {
            installed_[prefix] = table;
            continue;
        }
        if (!failed_.contains(prefix)) {
            log_.error("route_not_added",
                       {{"route", prefix.to_string()}, {"cause", added.error().message()}});
        }
        failed.emplace(prefix, added.error());
    }
    failed_ = std::move(failed);
}

bool LinkSetup::has_moved(const net::Path& path, std::uint32_t fwmark) {
    const Result<unsigned> way =
        rtnetlink_.interface_towards(path.remote.address, path.source, fwmark);
    return !way || *way != path.source_interface;
}

}  // namespace weft::control
