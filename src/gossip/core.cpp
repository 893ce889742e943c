// SPDX-License-Identifier: Apache-2.0
// See core.hpp.
#include "core.hpp"

#include <algorithm>

#include <weft/base/endian.hpp>
#include <weft/crypto/blake2s.hpp>

namespace weft::gossip {

Core::Core(OwnIdentity own_identity,
           identity::TrustStore& trust_store,
           StatementCache& statements,
           RandomSource& random_source)
    : own(std::move(own_identity)),
      trust(trust_store),
      cache(statements),
      random(random_source),
      members(trust_store, statements),
      sealer(trust_store.network(), random_source) {
    sealer.set_own(id(), own.gossip_key);
    refresh_trust_digest();
}

std::optional<crypto::PublicKey> Core::gossip_key_of(const NodeId& node) const {
    if (const Member* member = members.find(node)) {
        return member->certificate->certificate.gossip_key;
    }
    if (const auto seed = seeds.find(node); seed != seeds.end()) {
        return seed->second.gossip_key;
    }
    return std::nullopt;
}

std::optional<net::Endpoint> Core::endpoint_for(const NodeId& node, Time now) {
    Contact& contact = contacts[node];
    if (contact.seen && contact.state == Reachability::kAlive &&
        now - contact.heard < kSeenLifetime) {
        return contact.seen;
    }
    std::vector<net::Endpoint> candidates;
    if (const Member* member = members.find(node)) {
        candidates = member->record->record.endpoints;
    }
    if (contact.seen) {
        candidates.push_back(*contact.seen);
    }
    if (const auto seed = seeds.find(node); seed != seeds.end()) {
        candidates.push_back(seed->second.endpoint);
    }
    if (candidates.empty()) {
        return std::nullopt;
    }
    return candidates[contact.candidate++ % candidates.size()];
}

bool Core::proven(const NodeId& node, const net::Endpoint& from, Time now) {
    const auto found = contacts.find(node);
    return found != contacts.end() && found->second.seen == from &&
           now - found->second.heard < kSeenLifetime;
}

bool Core::is_usable(const NodeId& node) const {
    const Member* member = members.find(node);
    if (is_own(node) || member == nullptr || member->record->record.left) {
        return false;
    }
    const auto contact = contacts.find(node);
    return contact == contacts.end() || contact->second.state != Reachability::kDead;
}

std::vector<NodeId> Core::random_members(std::size_t count, const NodeId& except) {
    std::vector<NodeId> chosen;
    const std::size_t tries = members.size() == 0 ? 0 : 3 * count + 8;
    for (std::size_t i = 0; i < tries && chosen.size() < count; ++i) {
        const NodeId& node = members.at(random.below(members.size()));
        if (node != except && is_usable(node) && std::ranges::find(chosen, node) == chosen.end()) {
            chosen.push_back(node);
        }
    }
    return chosen;
}

DatagramWriter Core::writer(const Moment& moment, std::size_t size_max) const {
    return DatagramWriter{Header{moment.wall.now,
                                 trust_count_,
                                 trust_digest_,
                                 static_cast<std::uint32_t>(members.size()),
                                 members.digest()},
                          size_max};
}

TrustHeads Core::trust_heads() const {
    TrustHeads heads;
    heads.successors = static_cast<std::uint32_t>(trust.successors().size());
    for (const auto& [number, issuer] : trust.issuers()) {
        heads.issuers.emplace_back(number, issuer.certificate.generation);
    }
    for (const auto& [signer, revocations] : trust.revocations()) {
        heads.revocations.emplace_back(signer, revocations.size());
    }
    return heads;
}

void Core::refresh_trust_digest() {
    const auto hash = [](const identity::SignedBytes& bytes) {
        return load_le32(crypto::blake2s(*bytes).data());
    };
    std::uint64_t count = trust.revocation_count();
    std::uint64_t digest = trust.revocation_digest();
    digest ^= digest >> 32;
    for (const auto& [number, issuer] : trust.issuers()) {
        count += issuer.certificate.generation;
        digest ^= hash(issuer.bytes);
    }
    for (const identity::SignedBytes& successor : trust.successors()) {
        ++count;
        digest ^= hash(successor);
    }
    trust_count_ = static_cast<std::uint32_t>(count);
    trust_digest_ = static_cast<std::uint32_t>(digest);
}

std::optional<Echo> Core::send(const NodeId& to,
                               const net::Endpoint& endpoint,
                               const DatagramWriter& datagram,
                               Actions& actions) {
    const std::optional<crypto::PublicKey> key = gossip_key_of(to);
    if (!key) {
        return std::nullopt;
    }
    std::vector<std::byte> sealed = sealer.seal({}, to, *key, datagram.bytes());
    if (sealed.empty()) {
        return std::nullopt;
    }
    const Echo echo = Sealer::echo_of(sealed);
    send_raw(endpoint, std::move(sealed), actions);
    return echo;
}

std::optional<Echo> Core::send_padded(const NodeId& to,
                                      const net::Endpoint& endpoint,
                                      DatagramWriter& datagram,
                                      std::size_t size,
                                      Actions& actions) {
    constexpr std::size_t kAround = kSealedHeadSize + crypto::kTagSize;
    datagram.pad_to(std::max(size, kAround) - kAround);
    const std::optional<Echo> echo = send(to, endpoint, datagram, actions);
    if (echo) {
        actions.datagrams.back().whole = size != 0;
    }
    return echo;
}

void Core::send_raw(const net::Endpoint& endpoint, std::vector<std::byte> bytes, Actions& actions) {
    ++counters.datagrams_out;
    counters.bytes_out += bytes.size();
    actions.datagrams.push_back({endpoint, std::move(bytes)});
}

}  // namespace weft::gossip
