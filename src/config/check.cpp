// SPDX-License-Identifier: Apache-2.0
// Checks across keys and sections: what must be there, what may be there only once, who owns which
// prefix, whether the key files can be used. Control thread, or the CLI.
#include <algorithm>
#include <map>
#include <vector>

#include "discovery_section.hpp"
#include "draft.hpp"

namespace weft::config {
namespace {

constexpr std::size_t kPeersMost = 1 << 14;  // wg::kPeersMax

Result<> check_doubles(const Draft& draft) {
    std::map<std::string_view, const PeerDraft*> by_name;
    std::map<ByteArray<32>, const PeerDraft*> by_key;
    for (const PeerDraft& peer : draft.peers) {
        const auto [named, new_name] = by_name.try_emplace(peer.peer.name, &peer);
        if (!new_name) {
            return invalid(peer.origins.at("name") + ": peer.name '" + peer.peer.name +
                           "' is taken by the peer at " + named->second->peer.where);
        }
        const auto [keyed, new_key] = by_key.try_emplace(peer.peer.public_key, &peer);
        if (!new_key) {
            const PeerConfig& first = keyed->second->peer;
            return invalid(peer.origins.at("public_key") + ": peer.public_key of '" +
                           peer.peer.name + "' is the key of peer '" + first.name + "' (" +
                           first.where + ")");
        }
    }
    if (draft.peers.size() > kPeersMost) {
        return invalid(draft.peers.back().peer.where + ": more than " + std::to_string(kPeersMost) +
                       " peers");
    }
    for (std::size_t i = 0; i < draft.addresses.size(); ++i) {
        const PlacedPrefix& address = draft.addresses[i];
        const auto same = [&](const PlacedPrefix& other) {
            return other.prefix.address == address.prefix.address;
        };
        const auto end = draft.addresses.begin() + static_cast<std::ptrdiff_t>(i);
        if (std::any_of(draft.addresses.begin(), end, same)) {
            return invalid(address.where + ": node.addresses names " +
                           address.prefix.address.to_string() + " twice");
        }
    }
    return {};
}

/// Who claims a prefix, and the how-manieth claim of all files it is.
struct Claim {
    const PlacedPrefix* placed;
    const PeerDraft* peer;
    std::size_t order;

    [[nodiscard]] const net::Prefix& prefix() const { return placed->prefix; }
};

Error overlap_error(Claim a, Claim b) {
    if (a.order < b.order) {
        std::swap(a, b);
    }
    const std::string theirs = "peer '" + b.peer->peer.name + "' (" + b.placed->where + ")";
    const std::string claim = a.placed->where + ": peer.allowed_ips " + a.prefix().to_string() +
                              " of '" + a.peer->peer.name + "' ";
    return invalid(a.prefix() == b.prefix()
                       ? claim + "belongs to " + theirs
                       : claim + "overlaps " + b.prefix().to_string() + " of " + theirs);
}

/// Sorted by address, then length, a prefix comes right after those that hold it, so a stack of the
/// holders of the last one meets every overlap. Default routes may hold others' prefixes: longest
/// wins; but two peers cannot both be the default.
Result<> check_overlaps(const Draft& draft) {
    std::vector<Claim> claims;
    for (const PeerDraft& peer : draft.peers) {
        for (const PlacedPrefix& placed : peer.allowed_ips) {
            claims.push_back({&placed, &peer, claims.size()});
        }
    }
    std::stable_sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
        return a.prefix() < b.prefix();
    });
    std::vector<Claim> holders;
    for (const Claim& claim : claims) {
        while (!holders.empty() && !holders.back().prefix().overlaps(claim.prefix())) {
            holders.pop_back();
        }
        if (!holders.empty() && holders.back().peer != claim.peer) {
            const Claim& holder = holders.back();
            if (holder.prefix().length != 0 || claim.prefix().length == 0) {
                return overlap_error(holder, claim);
            }
        }
        holders.push_back(claim);
    }
    return {};
}

Result<> check_own_addresses(const Draft& draft) {
    for (const PeerDraft& peer : draft.peers) {
        for (const PlacedPrefix& claim : peer.allowed_ips) {
            const auto own = std::find_if(
                draft.addresses.begin(), draft.addresses.end(), [&](const PlacedPrefix& mine) {
                    return claim.prefix.contains(mine.prefix.address);
                });
            if (claim.prefix.length != 0 && own != draft.addresses.end()) {
                return invalid(claim.where + ": peer.allowed_ips " + claim.prefix.to_string() +
                               " of '" + peer.peer.name + "' holds this node's own address " +
                               own->prefix.address.to_string() + " (" + own->where + ")");
            }
        }
    }
    return {};
}

Result<> check_key_file(const std::filesystem::path& file, const std::string& where) {
    const auto key = load_key_file(file);
    if (key) {
        return {};
    }
    Error error = key.error();
    error.cause = where + ": " + error.cause;
    return error;
}

Result<> check_key_files(const Draft& draft) {
    if (!draft.node.private_key_file.empty()) {
        auto own =
            check_key_file(draft.node.private_key_file, draft.origins.at("node.private_key_file"));
        if (!own) {
            return own;
        }
    }
    for (const PeerDraft& peer : draft.peers) {
        if (peer.peer.preshared_key_file.empty()) {
            continue;
        }
        auto shared =
            check_key_file(peer.peer.preshared_key_file, peer.origins.at("preshared_key_file"));
        if (!shared) {
            return shared;
        }
    }
    return {};
}

}  // namespace

Result<> check(const Draft& draft) {
    for (auto* step :
         {check_doubles, check_overlaps, check_own_addresses, check_key_files, check_discovery}) {
        auto done = step(draft);
        if (!done) {
            return done;
        }
    }
    return {};
}

}  // namespace weft::config
