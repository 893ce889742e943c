// SPDX-License-Identifier: Apache-2.0
// Allowed prefixes (WireGuard paper 2.1, cryptokey routing; kernel allowedips.c). The map that
// configuration edits, and the snapshot of it that workers route and check sources with. Whoever
// holds the engine's mutex.
#include <unordered_map>
#include <utility>

#include <weft/wg/routes.hpp>

namespace weft::wg {

void AllowedIps::add(const net::Prefix& prefix, Peer& peer) {
    owners_.insert_or_assign(prefix.masked(), &peer);
}

void AllowedIps::remove(const net::Prefix& prefix, const Peer& peer) {
    const auto found = owners_.find(prefix.masked());
    if (found != owners_.end() && found->second == &peer) {
        owners_.erase(found);
    }
}

void AllowedIps::remove_all(const Peer& peer) {
    std::erase_if(owners_, [&](const auto& entry) { return entry.second == &peer; });
}

std::vector<net::Prefix> AllowedIps::of(const Peer& peer) const {
    std::vector<net::Prefix> prefixes;
    for (const auto& [prefix, owner] : owners_) {
        if (owner == &peer) {
            prefixes.push_back(prefix);
        }
    }
    return prefixes;
}

std::unordered_map<const Peer*, std::vector<net::Prefix>> AllowedIps::by_peer() const {
    std::unordered_map<const Peer*, std::vector<net::Prefix>> prefixes;
    for (const auto& [prefix, owner] : owners_) {
        prefixes[owner].push_back(prefix);
    }
    return prefixes;
}

std::unique_ptr<const RouteTable> AllowedIps::snapshot() const {
    std::vector<Peer*> peers;
    std::unordered_map<const Peer*, net::PrefixTable::Value> numbers;
    std::vector<net::PrefixTable::Entry> entries;
    entries.reserve(owners_.size());
    for (const auto& [prefix, owner] : owners_) {
        const auto next = static_cast<net::PrefixTable::Value>(peers.size());
        const auto [number, is_new] = numbers.try_emplace(owner, next);
        if (is_new) {
            peers.push_back(owner);
        }
        entries.push_back({prefix, number->second});
    }
    return std::make_unique<const RouteTable>(net::PrefixTable{entries}, std::move(peers));
}

}  // namespace weft::wg
