// SPDX-License-Identifier: Apache-2.0
// See leases.hpp.
#include "leases.hpp"

#include <algorithm>
#include <optional>

#include <unistd.h>

#include <weft/base/boot_id.hpp>
#include <weft/base/clock.hpp>

namespace weft::cni {
namespace {

using net::IpAddress;
using net::Prefix;

/// A call's own work under the lock takes milliseconds; a queue of a thousand is gone by then.
constexpr std::chrono::seconds kLockPatience{20};
/// Of those that give back: the container is gone, and what is not written is found as stale.
constexpr std::chrono::seconds kShortPatience{2};

template <class TimePoint>
std::uint64_t ms_of(TimePoint time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

ipam::UnixMs now_ms() {
    return ms_of(wall_now());
}

ipam::Moment this_moment() {
    return {boot_id(), ms_of(BootClock::now()), now_ms()};
}

Failure ledger_failure(const Error& error) {
    const bool unreadable =
        error.code == std::errc::bad_message || error.code == std::errc::operation_not_permitted;
    const bool busy = error.code == std::errc::timed_out;
    return failure_of(unreadable ? Code::kLedgerUnreadable
                      : busy     ? Code::kTryAgain
                                 : Code::kDisk,
                      error);
}

Outcome<ipam::Store> open_store(const Config& config, std::chrono::seconds patience) {
    Result<ipam::Store> store = ipam::Store::open(config.state_dir, patience);
    if (!store) {
        return ledger_failure(store.error());
    }
    return std::move(*store);
}

/// What the kernel routes to somebody already, whoever says so: containers, and in the pool's table
/// peers that were given an address of the node's block.
Outcome<std::set<IpAddress>> routed_addresses(netlink::Rtnetlink& host) {
    std::set<IpAddress> addresses;
    for (const std::uint32_t table : {netlink::kMainTable, netlink::kPoolTable}) {
        const Result<std::vector<netlink::Route>> routes =
            host.routes(netlink::kAnyInterface, table);
        if (!routes) {
            return failure_of(Code::kIo, routes.error());
        }
        for (const netlink::Route& route : *routes) {
            if (route.destination.length == route.destination.address.bits()) {
                addresses.insert(route.destination.address);
            }
        }
    }
    return addresses;
}

Outcome<std::set<std::string>> link_names(netlink::Rtnetlink& host) {
    const Result<std::vector<netlink::Link>> links = host.links();
    if (!links) {
        return failure_of(Code::kIo, links.error());
    }
    std::set<std::string> names;
    for (const netlink::Link& link : *links) {
        names.insert(link.name);
    }
    return names;
}

/// The ledger with what this call wants of it, not yet on the disk.
struct Draft {
    ipam::Ledger ledger;
    std::vector<ipam::Event> events;
    std::set<IpAddress> routed;
    ipam::Moment moment;

    Outcome<> add(const ipam::Event& event) {
        if (Result<> applied = ledger.apply(event); !applied) {
            return ledger_failure(applied.error());
        }
        events.push_back(event);
        return {};
    }
    Outcome<> add_all(const std::vector<ipam::Event>& all) {
        for (const ipam::Event& event : all) {
            if (Outcome<> added = add(event); !added) {
                return added;
            }
        }
        return {};
    }
};

/// Of the family's blocks in their order.
std::optional<IpAddress> find_free(const Draft& draft,
                                   const api::NodeFile& node,
                                   net::Family family) {
    for (const Prefix& block : node.blocks) {
        if (block.address.family() == family) {
            if (const auto free = draft.ledger.next(block, draft.routed, draft.moment.now)) {
                return free;
            }
        }
    }
    return std::nullopt;
}

Failure exhausted(const ipam::Ledger& ledger,
                  const api::NodeFile& node,
                  net::Family family,
                  ipam::UnixMs now) {
    std::string blocks;
    std::size_t taken = 0;
    std::size_t resting = 0;
    for (const Prefix& block : node.blocks) {
        if (block.address.family() != family) {
            continue;
        }
        blocks += (blocks.empty() ? "" : ", ") + block.to_string();
        resting += ledger.count_resting(block, now);
        for (const auto& [attachment, lease] : ledger.leases()) {
            taken += static_cast<std::size_t>(std::count_if(
                lease.addresses.begin(), lease.addresses.end(), [&](const IpAddress& address) {
                    return block.contains(address);
                }));
        }
    }
    return {Code::kExhausted,
            "no free address in " + blocks + ": " + std::to_string(taken) + " are taken, " +
                std::to_string(resting) + " were given back in the last minute and rest",
            "remove containers, wait a minute, or make the network with larger blocks (weft init "
            "--block4)"};
}

/// A wish is met or refused, never replaced. An address that rests is given to who asks for it.
Outcome<> check_wish(const Draft& draft, const api::NodeFile& node, const IpAddress& wish) {
    const std::string text = wish.to_string();
    if (std::none_of(node.blocks.begin(), node.blocks.end(), [&](const Prefix& block) {
            return ipam::is_assignable(wish, block);
        })) {
        return Failure{Code::kBadConfig,
                       "the wished address " + text +
                           " is none that a container of this node can "
                           "have",
                       "choose one of the node's blocks: weft ipam show"};
    }
    if (const ipam::Attachment* const owner = draft.ledger.owner(wish)) {
        return Failure{Code::kAddressTaken,
                       "the wished address " + text + " is taken by container " + owner->container,
                       "choose another one, or remove that container"};
    }
    if (draft.routed.contains(wish)) {
        return Failure{Code::kAddressTaken,
                       "the wished address " + text + " is routed to somebody already",
                       "choose another one, or look at: ip route show " + text};
    }
    return {};
}

/// The one wish of a family, if there is one.
Outcome<std::optional<IpAddress>> wish_of(const Wishes& wishes, net::Family family) {
    std::optional<IpAddress> wish;
    for (const IpAddress& address : wishes.addresses) {
        if (address.family() != family) {
            continue;
        }
        if (wish) {
            return Failure{Code::kBadConfig,
                           "two addresses of one family are wished for one interface"};
        }
        wish = address;
    }
    return wish;
}

bool has_family(const api::NodeFile& node, net::Family family) {
    return std::any_of(node.blocks.begin(), node.blocks.end(), [&](const Prefix& block) {
        return block.address.family() == family;
    });
}

/// The wish or the next free one; nothing where the node has no such block.
Outcome<std::optional<IpAddress>> choose_one(const Draft& draft,
                                             const api::NodeFile& node,
                                             const Wishes& wishes,
                                             net::Family family) {
    Outcome<std::optional<IpAddress>> wish = wish_of(wishes, family);
    if (!wish) {
        return wish;
    }
    if (*wish) {
        if (Outcome<> good = check_wish(draft, node, **wish); !good) {
            return good.error();
        }
        return wish;
    }
    if (!has_family(node, family)) {
        return std::optional<IpAddress>{};
    }
    std::optional<IpAddress> free = find_free(draft, node, family);
    if (!free) {
        return exhausted(draft.ledger, node, family, draft.moment.now);
    }
    return free;
}

/// Of each family one, IPv4 first.
Outcome<ipam::Addresses> choose(const Draft& draft,
                                const api::NodeFile& node,
                                const Wishes& wishes) {
    ipam::Addresses chosen;
    for (const net::Family family : {net::Family::kIpv4, net::Family::kIpv6}) {
        const Outcome<std::optional<IpAddress>> one = choose_one(draft, node, wishes, family);
        if (!one) {
            return one.error();
        }
        if (*one) {
            chosen.push_back(**one);
        }
    }
    return chosen;
}

/// Leases of earlier boots, and the attachment's own.
Outcome<> end_old_leases(netlink::Rtnetlink& host, const Reservation& wanted, Draft& draft) {
    std::vector<ipam::Event> earlier;
    for (const auto& [attachment, lease] : draft.ledger.leases()) {
        if (lease.boot != draft.moment.boot) {
            earlier.emplace_back(ipam::Dropped{attachment});
        }
    }
    if (Outcome<> added = draft.add_all(earlier); !added) {
        return added;
    }
    if (const ipam::Lease* const old = draft.ledger.lease(wanted.attachment)) {
        if (const Result<bool> removed = host.remove_link(old->link); !removed) {
            return failure_of(Code::kIo, removed.error());
        }
        return draft.add(ipam::Released{wanted.attachment, draft.moment.now});
    }
    return {};
}

Outcome<ipam::Addresses> choose_or_clean(netlink::Rtnetlink& host,
                                         const Reservation& wanted,
                                         Draft& draft) {
    Outcome<ipam::Addresses> chosen = choose(draft, wanted.node, wanted.wishes);
    if (chosen ||
        (chosen.error().code != Code::kExhausted && chosen.error().code != Code::kAddressTaken)) {
        return chosen;
    }
    const Outcome<std::set<std::string>> links = link_names(host);
    if (!links) {
        return links.error();
    }
    const auto stale = draft.ledger.stale(draft.moment, *links);
    if (stale.empty()) {
        return chosen;
    }
    if (Outcome<> added = draft.add_all(stale); !added) {
        return added.error();
    }
    return choose(draft, wanted.node, wanted.wishes);
}

}  // namespace

Outcome<ipam::Addresses> reserve(netlink::Rtnetlink& host, const Reservation& wanted) {
    Outcome<ipam::Store> store = open_store(wanted.config, kLockPatience);
    if (!store) {
        return store.error();
    }
    Draft draft{store->ledger(), {}, {}, this_moment()};
    if (Outcome<> ended = end_old_leases(host, wanted, draft); !ended) {
        return ended.error();
    }
    Outcome<std::set<IpAddress>> routed = routed_addresses(host);
    if (!routed) {
        return routed.error();
    }
    draft.routed = std::move(*routed);
    Outcome<ipam::Addresses> chosen = choose_or_clean(host, wanted, draft);
    if (chosen) {
        const ipam::Lease lease{wanted.config.name,
                                ipam::link_name(wanted.attachment),
                                draft.moment.boot,
                                draft.moment.now,
                                *chosen,
                                draft.moment.uptime};
        if (Outcome<> added = draft.add(ipam::Reserved{wanted.attachment, lease}); !added) {
            return added.error();
        }
    }
    if (!draft.events.empty()) {
        if (Result<> committed = store->commit(draft.events, draft.moment.now); !committed) {
            return ledger_failure(committed.error());
        }
    }
    return chosen;
}

void drop(const Config& config, const ipam::Attachment& attachment) {
    Outcome<ipam::Store> store = open_store(config, kShortPatience);
    if (store) {  // what cannot be given back is found as stale
        const std::vector<ipam::Event> events{ipam::Dropped{attachment}};
        static_cast<void>(store->commit(events, now_ms()));
    }
}

Outcome<> release(const Config& config, const ipam::Attachment& attachment) {
    if (::access(config.state_dir.c_str(), F_OK) != 0) {
        return {};
    }
    Outcome<ipam::Store> store = open_store(config, kShortPatience);
    if (!store) {
        return store.error();
    }
    if (store->ledger().lease(attachment) == nullptr) {
        return {};
    }
    const ipam::UnixMs now = now_ms();
    const std::vector<ipam::Event> events{ipam::Released{attachment, now}};
    if (Result<> committed = store->commit(events, now); !committed) {
        return ledger_failure(committed.error());
    }
    return {};
}

Outcome<> collect_garbage(netlink::Rtnetlink& host,
                          const Config& config,
                          const std::vector<ipam::Attachment>& valid) {
    if (::access(config.state_dir.c_str(), F_OK) != 0) {
        return {};
    }
    Outcome<ipam::Store> store = open_store(config, kLockPatience);
    if (!store) {
        return store.error();
    }
    const ipam::UnixMs now = now_ms();
    std::vector<ipam::Event> events;
    Outcome<> first;
    for (const auto& [attachment, lease] : store->ledger().leases()) {
        if (lease.network != config.name ||
            std::find(valid.begin(), valid.end(), attachment) != valid.end()) {
            continue;
        }
        if (const Result<bool> removed = host.remove_link(lease.link); !removed) {
            first = first ? failure_of(Code::kIo, removed.error()) : first;
            continue;
        }
        events.emplace_back(ipam::Released{attachment, now});
    }
    if (!events.empty()) {
        if (Result<> committed = store->commit(events, now); !committed) {
            return ledger_failure(committed.error());
        }
    }
    return first;
}

Outcome<ipam::Ledger> read_ledger(const Config& config) {
    const Result<ipam::Journal> journal = ipam::read(config.state_dir);
    if (!journal) {
        return ledger_failure(journal.error());
    }
    ipam::Ledger ledger;
    for (const ipam::Event& event : journal->events) {
        if (Result<> applied = ledger.apply(event); !applied) {
            return ledger_failure(applied.error());
        }
    }
    return ledger;
}

/// Leases that are over count as free, those of this boot too, although an ADD lets their addresses
/// rest first: where a runtime waits for STATUS, no ADD comes to end them.
Outcome<> check_stock(netlink::Rtnetlink& host, const Config& config, const api::NodeFile& node) {
    Outcome<ipam::Ledger> ledger = read_ledger(config);
    if (!ledger) {
        return ledger.error();
    }
    const Outcome<std::set<std::string>> links = link_names(host);
    if (!links) {
        return links.error();
    }
    Draft draft{std::move(*ledger), {}, {}, this_moment()};
    for (const ipam::Event& event : draft.ledger.stale(draft.moment, *links)) {
        const auto* const released = std::get_if<ipam::Released>(&event);
        const ipam::Event ended =
            released == nullptr ? event : ipam::Event{ipam::Dropped{released->attachment}};
        if (Outcome<> added = draft.add(ended); !added) {
            return added;
        }
    }
    const Outcome<ipam::Addresses> chosen = choose(draft, node, {});
    if (!chosen) {
        return chosen.error();
    }
    return {};
}

}  // namespace weft::cni
