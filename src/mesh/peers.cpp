// SPDX-License-Identifier: Apache-2.0
// See peers.hpp. Pure.
#include <algorithm>

#include <weft/mesh/peers.hpp>

namespace weft::mesh {
namespace {

void add_candidate(std::vector<net::Endpoint>& candidates,
                   const net::Endpoint& endpoint,
                   std::span<const net::Prefix> pools) {
    const bool inside = std::any_of(pools.begin(), pools.end(), [&endpoint](const auto& pool) {
        return pool.contains(endpoint.address);
    });
    const bool known =
        std::find(candidates.begin(), candidates.end(), endpoint) != candidates.end();
    if (!inside && !known) {
        candidates.push_back(endpoint);
    }
}

std::vector<net::Prefix> prefixes_of(const identity::Certificate& certificate) {
    std::vector<net::Prefix> prefixes = certificate.blocks;
    prefixes.insert(prefixes.end(), certificate.routed.begin(), certificate.routed.end());
    std::sort(prefixes.begin(), prefixes.end());
    return prefixes;
}

}  // namespace

std::map<crypto::PublicKey, WantedPeer> wanted_peers(const gossip::Node& node,
                                                     std::span<const net::Prefix> pools) {
    std::map<crypto::PublicKey, WantedPeer> wanted;
    for (const auto& [id, member] : node.members().members()) {
        if (id == node.id() || member.record->record.left ||
            !node.members().owns_its_prefixes(id)) {
            continue;
        }
        const identity::Certificate& certificate = member.certificate->certificate;
        WantedPeer peer{id, certificate.name, prefixes_of(certificate), {}};
        if (const auto seen = node.seen_endpoint(id)) {
            add_candidate(peer.candidates, *seen, pools);
        }
        for (const net::Endpoint& endpoint : member.record->record.endpoints) {
            add_candidate(peer.candidates, endpoint, pools);
        }
        wanted.emplace(certificate.wireguard_key, std::move(peer));
    }
    return wanted;
}

void Caller::observe(State& state, const net::Endpoint& best, const Peer& peer, Time now) {
    if (state.received != peer.received) {
        state.received = peer.received;
        state.turn.reset();
        state.moved = false;
    }
    if (!peer.calling) {
        state.turn.reset();
    } else if (!state.turn) {
        state.turn = now;
    }
    state.moved = state.moved || (state.best && *state.best != best);
    state.best = best;
}

std::optional<net::Endpoint> Caller::next(const crypto::PublicKey& key,
                                          const std::vector<net::Endpoint>& candidates,
                                          const Peer& peer,
                                          Time now) {
    if (candidates.empty()) {
        return std::nullopt;
    }
    State& state = states_[key];
    const net::Endpoint& best = candidates.front();
    observe(state, best, peer, now);
    if (!peer.current) {
        return best;
    }
    const Duration called = state.turn ? now - *state.turn : Duration{};
    if (state.moved && (!peer.session || called >= kDoubt)) {
        state.moved = false;
        state.turn.reset();
        return best == *peer.current ? std::nullopt : std::optional{best};
    }
    if (!peer.calling || called < (peer.session ? kSilence : kTurn)) {
        return std::nullopt;
    }
    state.turn = now;
    // Behind the current one; where that is no candidate any more, the first.
    const auto at = std::find(candidates.begin(), candidates.end(), *peer.current);
    const bool wraps = at == candidates.end() || at + 1 == candidates.end();
    const net::Endpoint& chosen = wraps ? best : *(at + 1);
    return chosen == *peer.current ? std::nullopt : std::optional{chosen};
}

}  // namespace weft::mesh
