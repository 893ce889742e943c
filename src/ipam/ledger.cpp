// SPDX-License-Identifier: Apache-2.0
// See ledger.hpp. Next-fit: the search goes on behind the last address and not from the start, so
// that what has just been given back is the last to be given again.
#include <algorithm>
#include <cmath>
#include <string_view>

#include <weft/ipam/ledger.hpp>
#include <weft/net/container_link.hpp>

namespace weft::ipam {
namespace {

using net::IpAddress;
using net::Prefix;

/// The address behind it; of the last one the first.
IpAddress successor(const IpAddress& address) {
    ByteArray<16> bytes{};
    const ConstBytes from = address.bytes();
    copy_bytes(from, bytes);
    for (std::size_t i = from.size(); i-- > 0;) {
        const unsigned next = std::to_integer<unsigned>(bytes[i]) + 1;
        bytes[i] = static_cast<std::byte>(next & 0xFFU);
        if (next <= 0xFFU) {
            break;
        }
    }
    const std::span<const std::byte> all{bytes};
    return address.is_v4() ? IpAddress{all.first<4>()} : IpAddress{all.first<16>()};
}

/// A clock that was set back must not make an address rest for years.
bool rests(UnixMs since, UnixMs now) {
    const auto rest = static_cast<UnixMs>(kRest.count());
    return now >= since ? now - since < rest : since - now < rest;
}

Error taken_twice(const IpAddress& address, const Attachment& owner) {
    return Error{std::make_error_code(std::errc::bad_message),
                 "the address ledger is unreadable: " + address.to_string() +
                     " is given although container " + owner.container + " has it",
                 kNewLedgerRemedy};
}

}  // namespace

bool is_assignable(const IpAddress& address, const Prefix& block) {
    const Prefix whole = block.masked();
    if (!whole.contains(address) || address == whole.address || address == block.first_host()) {
        return false;
    }
    return !address.is_v4() || whole.contains(successor(address));  // IPv4's last is its broadcast
}

double count_assignable(const Prefix& block) {
    const double excepted = block.address.is_v4() ? 3 : 2;
    return std::max(0.0, std::ldexp(1.0, block.address.bits() - block.length) - excepted);
}

Result<Ledger> replay(const Journal& journal) {
    Ledger ledger;
    for (const Event& event : journal.events) {
        if (Result<> applied = ledger.apply(event); !applied) {
            return applied.error();
        }
    }
    return ledger;
}

std::string link_name(const Attachment& attachment) {
    constexpr std::uint64_t kOffset = 0xCBF29CE484222325;
    constexpr std::uint64_t kPrime = 0x100000001B3;
    constexpr std::uint64_t kLow48 = (std::uint64_t{1} << 48U) - 1;
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::uint64_t hash = kOffset;
    const std::string text = attachment.container + '\0' + attachment.interface;
    for (const char character : text) {
        hash = (hash ^ static_cast<unsigned char>(character)) * kPrime;
    }
    hash = (hash >> 48U) ^ (hash & kLow48);
    std::string name{net::kContainerLinkPrefix};
    for (unsigned shift = 48; shift > 0;) {
        shift -= 4;
        name += kDigits[(hash >> shift) & 0xFU];
    }
    return name;
}

/// What an event does.
struct Ledger::Apply {
    Ledger& ledger;

    Result<> operator()(const Reserved& event) const {
        for (const IpAddress& address : event.lease.addresses) {
            const Attachment* const owner = ledger.owner(address);
            if (owner != nullptr && *owner != event.attachment) {
                return taken_twice(address, *owner);
            }
        }
        ledger.forget(event.attachment, std::nullopt);
        for (const IpAddress& address : event.lease.addresses) {
            ledger.owners_.insert_or_assign(address, event.attachment);
            ledger.resting_.erase(address);
            ledger.cursors_.insert_or_assign(address.family(), address);
        }
        ledger.leases_.insert_or_assign(event.attachment, event.lease);
        return {};
    }
    Result<> operator()(const Released& event) const {
        ledger.forget(event.attachment, event.at);
        return {};
    }
    Result<> operator()(const Dropped& event) const {
        ledger.forget(event.attachment, std::nullopt);
        return {};
    }
    Result<> operator()(const Resting& event) const {
        ledger.resting_.insert_or_assign(event.address, event.since);
        return {};
    }
    Result<> operator()(const Cursor& event) const {
        ledger.cursors_.insert_or_assign(event.address.family(), event.address);
        return {};
    }
};

Result<> Ledger::apply(const Event& event) {
    return std::visit(Apply{*this}, event);
}

void Ledger::forget(const Attachment& attachment, std::optional<UnixMs> rests_since) {
    const auto found = leases_.find(attachment);
    if (found == leases_.end()) {
        return;
    }
    for (const IpAddress& address : found->second.addresses) {
        owners_.erase(address);
        if (rests_since) {
            resting_.insert_or_assign(address, *rests_since);
        }
    }
    leases_.erase(found);
}

std::vector<std::byte> Ledger::snapshot(UnixMs now) const {
    std::vector<std::byte> out;
    const auto append = [&out](const Event& event) {
        const std::vector<std::byte> record = encode(event);
        out.insert(out.end(), record.begin(), record.end());
    };
    for (const auto& [attachment, lease] : leases_) {
        append(Reserved{attachment, lease});
    }
    for (const auto& [address, since] : resting_) {
        if (rests(since, now)) {
            append(Resting{address, since});
        }
    }
    for (const auto& [family, address] : cursors_) {
        append(Cursor{address});
    }
    return out;
}

const Lease* Ledger::lease(const Attachment& attachment) const {
    const auto found = leases_.find(attachment);
    return found == leases_.end() ? nullptr : &found->second;
}

const Attachment* Ledger::owner(const IpAddress& address) const {
    const auto found = owners_.find(address);
    return found == owners_.end() ? nullptr : &found->second;
}

bool Ledger::is_resting(const IpAddress& address, UnixMs now) const {
    const auto found = resting_.find(address);
    return found != resting_.end() && rests(found->second, now);
}

std::size_t Ledger::count_resting(const Prefix& block, UnixMs now) const {
    return static_cast<std::size_t>(
        std::count_if(resting_.begin(), resting_.end(), [&](const auto& entry) {
            return block.contains(entry.first) && rests(entry.second, now);
        }));
}

std::optional<IpAddress> Ledger::next(const Prefix& block,
                                      const std::set<IpAddress>& in_use,
                                      UnixMs now) const {
    constexpr std::size_t kNeverAssigned = 3;
    const Prefix whole = block.masked();
    const auto cursor = cursors_.find(whole.address.family());
    IpAddress candidate = cursor != cursors_.end() && whole.contains(cursor->second)
                              ? successor(cursor->second)
                              : whole.address;
    // One of that many addresses in a row is free, or the block has none.
    std::size_t tries = owners_.size() + resting_.size() + in_use.size() + kNeverAssigned + 1;
    for (; tries > 0; --tries, candidate = successor(candidate)) {
        if (!whole.contains(candidate)) {
            candidate = whole.address;
        }
        if (is_assignable(candidate, block) && owner(candidate) == nullptr &&
            !is_resting(candidate, now) && !in_use.contains(candidate)) {
            return candidate;
        }
    }
    return std::nullopt;
}

std::vector<Event> Ledger::stale(const Moment& moment, const std::set<std::string>& links) const {
    const auto in_flight = static_cast<UptimeMs>(kInFlightMax.count());
    std::vector<Event> events;
    for (const auto& [attachment, lease] : leases_) {
        const bool settled = !lease.uptime || moment.uptime >= *lease.uptime + in_flight;
        if (lease.boot != moment.boot) {
            events.emplace_back(Dropped{attachment});
        } else if (settled && !links.contains(lease.link)) {
            events.emplace_back(Released{attachment, moment.now});
        }
    }
    return events;
}

}  // namespace weft::ipam
