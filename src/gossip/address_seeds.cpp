// SPDX-License-Identifier: Apache-2.0
// See address_seeds.hpp.
#include "address_seeds.hpp"

#include <algorithm>

#include <weft/crypto/blake2s.hpp>

#include "encoding.hpp"

namespace weft::gossip {

Cookie ask_mac(const identity::NetworkId& network, const Cookie& cookie, const Echo& nonce) {
    ByteWriter asked{sizeof cookie + sizeof nonce};
    asked.append(cookie);
    asked.append(nonce);
    return crypto::blake2s_mac(network.bytes, asked.bytes());
}

void AddressSeeds::set(const std::vector<net::Endpoint>& addresses) {
    std::map<net::Endpoint, Address> now;
    for (const net::Endpoint& at : addresses) {
        if (now.size() < Node::kSeedAddressesMax) {
            const auto known = addresses_.find(at);
            now.emplace(at, known == addresses_.end() ? Address{} : known->second);
        }
    }
    addresses_ = std::move(now);
}

Time AddressSeeds::next_timer() const {
    Time next = Time::max();
    for (const auto& [at, address] : addresses_) {
        next = std::min(next, address.next);
    }
    return next;
}

bool AddressSeeds::is_heard(const net::Endpoint& at, const Address& address, Time now) const {
    if (!address.node) {
        return false;
    }
    if (core_.is_own(*address.node)) {
        return true;
    }
    const auto contact = core_.contacts.find(*address.node);
    return contact != core_.contacts.end() && contact->second.state == Reachability::kAlive &&
           contact->second.seen == at && now - contact->second.heard < Core::kSeenLifetime;
}

void AddressSeeds::on_timer(Time now, Actions& actions) {
    for (auto& [at, address] : addresses_) {
        if (address.next > now) {
            continue;
        }
        if (is_heard(at, address, now)) {
            address.pause = kAskFirst;
            address.next = now + kAskMax;
            continue;
        }
        Echo nonce{};
        core_.random.fill(nonce);
        address.nonce = nonce;
        ask(at, nonce, {}, actions);
        address.next = now + address.pause;
        address.pause = std::min(2 * address.pause, kAskMax);
    }
}

void AddressSeeds::ask(const net::Endpoint& at,
                       const Echo& nonce,
                       const Cookie& cookie,
                       Actions& actions) {
    ByteWriter out{kAskSize};
    out.write(static_cast<std::uint8_t>(DatagramType::kAsk));
    out.write(kFormatVersion);
    out.append(cookie);
    out.append(nonce);
    out.append(ask_mac(core_.trust.network(), cookie, nonce));
    out.append_zeros(kAskSize - out.size());
    core_.send_raw(at, std::move(out).release(), actions);
}

bool AddressSeeds::on_cookie(const net::Endpoint& from,
                             const Echo& echo,
                             const Cookie& cookie,
                             Actions& actions) {
    const auto found = addresses_.find(from);
    if (found == addresses_.end() || found->second.nonce != echo) {
        return false;
    }
    Echo nonce{};  // another one: a cookie is acted on once
    core_.random.fill(nonce);
    found->second.nonce = nonce;
    ask(from, nonce, cookie, actions);
    return true;
}

std::optional<Seed> AddressSeeds::on_tell(const net::Endpoint& from,
                                          ConstBytes datagram,
                                          const Moment& moment) {
    ByteReader reader{datagram.subspan(2)};
    Echo echo{};
    reader.read_into(echo);
    const ConstBytes bytes = reader.take(reader.left());
    const auto found = addresses_.find(from);
    if (reader.failed() || found == addresses_.end() || found->second.nonce != echo) {
        ++core_.counters.unopened;
        return std::nullopt;
    }
    found->second.nonce.reset();
    const auto admitted = core_.cache.certificate(bytes, core_.trust, moment.wall);
    if (!admitted) {
        ++core_.counters.rejected[static_cast<std::size_t>(admitted.error())];
        return std::nullopt;
    }
    const NodeId& node = (*admitted)->id;
    found->second.node = node;
    if (core_.is_own(node)) {
        return std::nullopt;
    }
    const Seed seed{node, (*admitted)->certificate.gossip_key, from};
    core_.seeds[node] = seed;
    return seed;
}

}  // namespace weft::gossip
