// SPDX-License-Identifier: Apache-2.0
// See world.hpp.
#include "world.hpp"

#include <algorithm>

namespace weft::sim {
namespace {

constexpr identity::UnixSeconds kYear = 365ULL * 86'400;
constexpr std::size_t kHeaders = 28;  // IPv4 and UDP
constexpr std::uint32_t kIssuer = 1;

/// No prefix would be routed to two members.
bool owners_agree(const gossip::Membership& members) {
    std::map<net::Prefix, gossip::NodeId> owners;
    for (const auto& [id, member] : members.members()) {
        if (!members.owns_its_prefixes(id)) {
            continue;
        }
        for (const net::Prefix& block : member.certificate->certificate.blocks) {
            if (!owners.emplace(block, id).second) {
                return false;
            }
        }
    }
    return true;
}

}  // namespace

gossip::OwnIdentity Host::identity() const {
    return {certificate, identity_key.clone(), gossip_key.clone()};
}

World::World(std::uint64_t seed, std::size_t hosts)
    : Wire(seed),
      root_(identity::SigningKey::generate(random_)),
      issuer_key_(identity::SigningKey::generate(random_)),
      issuer_sealing_(crypto::generate_private_key(random_)),
      network_(identity::network_id_of(root_.verify_key())) {
    identity::IssuerCertificate issuer;
    issuer.network = network_;
    issuer.number = kIssuer;
    issuer.not_before = kBirth - kYear;
    issuer.not_after = kBirth + 10 * kYear;
    issuer.signing_key = issuer_key_.verify_key();
    issuer.sealing_key = crypto::public_key_of(issuer_sealing_);
    issuer.name = "first";
    issuer.slices = {*net::Prefix::parse("10.0.0.0/8")};
    issuer_bytes_ = build(issuer, root_);
    for (std::size_t i = 0; i < hosts; ++i) {
        add_host();
    }
}

// ---- Machines ----------------------------------------------------------------------------------

std::size_t World::add_host() {
    auto host = std::make_unique<Host>();
    const std::size_t index = hosts_.size();
    host->index = index;
    host->identity_key = identity::SigningKey::generate(random_);
    host->gossip_key = crypto::generate_private_key(random_);
    host->random = std::make_unique<SeededRandom>(
        (static_cast<std::uint64_t>(random_.next_u32()) << 32) | random_.next_u32());
    host->endpoint = {address(192, index + 1), 51840, 0};
    host->trust = std::make_unique<identity::TrustStore>(root_.verify_key());
    (void)host->trust->add_issuer(issuer_bytes_, {kBirth, true});

    const std::vector<std::byte> bytes =
        certify(*host, index + 1, {net::Prefix{address(10, (index + 1) << 8), 24}});
    host->certificate = *cache.certificate(bytes, *host->trust, {kBirth, true});
    by_endpoint_[host->endpoint] = index;
    hosts_.push_back(std::move(host));
    return index;
}

std::vector<std::byte> World::certify(Host& host,
                                      std::uint64_t serial,
                                      std::vector<net::Prefix> blocks) {
    identity::Certificate certificate;
    certificate.network = network_;
    certificate.issuer_number = kIssuer;
    certificate.serial = (std::uint64_t{kIssuer} << 32) | serial;
    certificate.not_before = kBirth - 3'600;
    certificate.not_after = kBirth + kYear;
    certificate.identity_key = host.identity_key.verify_key();
    certificate.wireguard_key = crypto::public_key_of(host.gossip_key);
    certificate.gossip_key = crypto::public_key_of(host.gossip_key);
    certificate.name = "node-" + std::to_string(host.index);
    certificate.blocks = std::move(blocks);
    return build(certificate, issuer_key_);
}

WallTime World::wall_of(const Host& host) const {
    return WallTime{seconds{kBirth} + (now_.time_since_epoch() - seconds{1'000}) +
                    seconds{host.clock_error_s}};
}

gossip::Moment World::moment(Host& host) const {
    if (!host.time) {
        host.time.emplace(kBirth - kYear / 2, host.stored_time, wall_of(host), now_);
    }
    host.time->on_tick(wall_of(host), now_);
    return {now_, host.time->view()};
}

void World::start(std::size_t index) {
    Host& host = *hosts_[index];
    const gossip::Moment when = moment(host);
    host.stored_epoch = std::max<std::uint64_t>(host.stored_epoch + 1, when.wall.now);
    host.node = std::make_unique<gossip::Node>(
        host.identity(), host.stored_epoch, *host.trust, cache, *host.random);
    if (index != 0) {
        const Host& seed = *hosts_[0];
        host.node->add_seed(
            {seed.certificate->id, seed.certificate->certificate.gossip_key, seed.endpoint});
    }
    host.timer = Time::max();
    gossip::OwnRecord record;
    record.boot_id = (std::uint64_t{host.random->next_u32()} << 32) | index;
    record.mtu = 1420;
    record.software = "sim";
    record.endpoints = {host.endpoint};
    gossip::Actions actions;
    host.node->publish(record, when, actions);
    for (const auto& [certificate, stored] : host.stored_members) {
        host.node->restore({certificate, stored}, when, actions);
    }
    carry_out(host, actions);
}

void World::kill(std::size_t index) {
    hosts_[index]->node.reset();
    hosts_[index]->time.reset();
    hosts_[index]->timer = Time::max();
}

void World::store(std::size_t index) {
    Host& host = *hosts_[index];
    (void)moment(host);
    host.stored_time = host.time->persist_now();
    host.stored_members.clear();
    for (const auto& [id, member] : host.node->members().members()) {
        host.stored_members.emplace_back(member.certificate->bytes, member.record->bytes);
    }
}

std::uint64_t World::clones_told() const {
    std::uint64_t told = 0;
    for (const auto& host : hosts_) {
        told += host->seen_elsewhere + host->seen_twice;
    }
    return told;
}

std::size_t World::clone(std::size_t index) {
    const std::size_t copy = add_host();
    const Host& original = *hosts_[index];
    hosts_[copy]->identity_key = original.identity_key.clone();
    hosts_[copy]->gossip_key = original.gossip_key.clone();
    hosts_[copy]->certificate = original.certificate;
    hosts_[copy]->stored_epoch = original.stored_epoch;
    hosts_[copy]->stored_members = original.stored_members;
    return copy;
}

void World::leave(std::size_t index) {
    gossip::Actions actions;
    hosts_[index]->node->leave(moment(*hosts_[index]), actions);
    carry_out(*hosts_[index], actions);
}

void World::start_converged() {
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        start(i);
    }
    for (auto& host : hosts_) {
        for (const auto& other : hosts_) {
            const gossip::Member* member = other->node->members().find(other->certificate->id);
            gossip::Actions actions;
            host->node->restore(
                {member->certificate->bytes, member->record->bytes}, moment(*host), actions);
        }
    }
}

void World::move_to(std::size_t index, const net::Endpoint& endpoint) {
    Host& host = *hosts_[index];
    by_endpoint_.erase(host.endpoint);
    host.endpoint = endpoint;
    by_endpoint_[endpoint] = index;
    touch(index);
}

void World::touch(std::size_t index) {
    Host& host = *hosts_[index];
    const auto& record = host.node->members().find(host.certificate->id)->record->record;
    gossip::OwnRecord own;
    own.boot_id = record.boot_id;
    own.mtu = static_cast<std::uint16_t>(record.mtu == 1420 ? 1400 : 1420);
    own.software = record.software;
    own.endpoints = {host.endpoint};
    gossip::Actions actions;
    host.node->publish(own, moment(host), actions);
    carry_out(host, actions);
}

void World::revoke(std::size_t index, std::size_t told_first) {
    identity::Revocation revocation;
    revocation.network = network_;
    revocation.signer = kIssuer;
    revocation.number = ++revocations_;
    revocation.serial = hosts_[index]->certificate->certificate.serial;
    revocation.key = hosts_[index]->certificate->certificate.identity_key;
    Host& host = *hosts_[told_first];
    revocation.time = moment(host).wall.now;
    gossip::Actions actions;
    (void)host.node->add_revocation(build(revocation, issuer_key_), moment(host), actions);
    carry_out(host, actions);
}

// ---- The network -------------------------------------------------------------------------------

void World::inject(const net::Endpoint& from, std::size_t to, std::vector<std::byte> bytes) {
    hosts_[to]->injected += bytes.size() + kHeaders;
    push(now_, to, from, std::move(bytes));
}

void World::carry_out(Host& host, gossip::Actions& actions) {
    if (actions.epoch) {
        host.stored_epoch = *actions.epoch;
        gossip::Actions more;
        host.node->on_epoch_stored(moment(host), more);
        carry_out(host, more);
    }
    for (const gossip::Actions::PeerTime& word : actions.peer_times) {
        host.time->on_peer_time(word.peer, word.theirs, now_);
    }
    for (gossip::Actions::Datagram& datagram : actions.datagrams) {
        deliver(host, datagram);
    }
    for (const gossip::Event& event : actions.events) {
        if (event.kind == gossip::Event::Kind::kMemberWithdrawn) {
            ++withdrawn_;
        }
        if (event.kind == gossip::Event::Kind::kOwnElsewhere) {
            ++host.seen_elsewhere;
        }
        if (event.kind == gossip::Event::Kind::kEquivocation) {
            ++host.seen_twice;
        }
        if (event.kind == gossip::Event::Kind::kReachability &&
            host.node->reachability(event.node) == gossip::Reachability::kSuspect) {
            ++host.suspicions;
        }
    }
    schedule_timer(host);
}

void World::deliver(Host& from, gossip::Actions::Datagram& datagram) {
    from.bytes += datagram.bytes.size() + kHeaders;
    if (wiretap) {
        wiretap(from, datagram);
    }
    const auto found = by_endpoint_.find(datagram.to);
    if (found != by_endpoint_.end()) {
        carry(from.index, found->second, from.endpoint, datagram.bytes);
    }
}

void World::schedule_timer(Host& host) {
    const Time next = std::max(host.node->next_timer(), now_);
    if (host.node->next_timer() != Time::max() && next + host.stall < host.timer) {
        host.timer = next + host.stall;
        push_timer(host.timer, host.index);
    }
}

// ---- Time --------------------------------------------------------------------------------------

void World::happen(Happening& happening) {
    Host& host = *hosts_[happening.host];
    if (!host.node) {
        return;
    }
    gossip::Actions actions;
    if (happening.bytes.empty()) {
        if (happening.at != host.timer) {
            return;  // an earlier one took its place
        }
        host.timer = Time::max();
        host.node->on_timer(moment(host), actions);
    } else {
        host.bytes += happening.bytes.size() + kHeaders;
        host.node->on_datagram(happening.from, happening.bytes, moment(host), actions);
    }
    carry_out(host, actions);
}

// ---- What is there -----------------------------------------------------------------------------

bool World::converged() const {
    const gossip::Node* first = nullptr;
    std::size_t running = 0;
    for (const auto& host : hosts_) {
        if (!host->node) {
            continue;
        }
        ++running;
        if (first == nullptr) {
            first = host->node.get();
        } else if (host->node->members().digest() != first->members().digest()) {
            return false;
        }
    }
    return first == nullptr || first->members().size() >= running;
}

double World::bytes_each_second(Duration duration) {
    const auto bytes = [this] {
        std::uint64_t sum = 0;
        for (const auto& host : hosts_) {
            sum += host->bytes;
        }
        return sum;
    };
    const std::uint64_t before = bytes();
    run_for(duration);
    return static_cast<double>(bytes() - before) / in_seconds(duration) /
           static_cast<double>(size());
}

bool World::one_owner_each() const {
    return std::ranges::all_of(hosts_, [](const auto& host) {
        return !host->node || owners_agree(host->node->members());
    });
}

bool World::all_know(std::size_t index) const {
    const Host& subject = *hosts_[index];
    const std::uint64_t hash = subject.node->members().find(subject.certificate->id)->hash;
    return std::ranges::all_of(hosts_, [&](const auto& host) {
        if (!host->node) {
            return true;
        }
        const gossip::Member* member = host->node->members().find(subject.certificate->id);
        return member != nullptr && member->hash == hash;
    });
}

}  // namespace weft::sim
