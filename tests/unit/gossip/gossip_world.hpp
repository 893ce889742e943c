// SPDX-License-Identifier: Apache-2.0
// A few gossip nodes with real certificates, driven by hand: what one sends waits on the wire until
// the test delivers it, and time is a value. Keys follow from numbers, so the same test gives the
// same bytes.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/gossip/node.hpp>

#include "sealer.hpp"
#include "statements.hpp"

namespace weft::test {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// What was sealed, read.
struct Opened {
    gossip::Header header;
    Buffer plaintext;  // items point into it
    std::vector<gossip::Message> messages;

    template <class M>
    [[nodiscard]] std::vector<M> all() const {
        std::vector<M> found;
        for (const gossip::Message& message : messages) {
            if (const M* one = std::get_if<M>(&message)) {
                found.push_back(*one);
            }
        }
        return found;
    }
};

// ---- Machines -----------------------------------------------------------------------------------

struct Packet {
    net::Endpoint from;
    net::Endpoint to;
    Buffer bytes;
};

class World;

/// One node and what it asked for. Captured, it can also say what its node never would.
class Machine {
  public:
    Machine(World& world, std::uint32_t number);

    [[nodiscard]] gossip::Moment moment() const;
    [[nodiscard]] const identity::NodeId& id() const { return certificate->id; }
    [[nodiscard]] gossip::OwnIdentity own() const {
        return {certificate, node_key(number).clone(), gossip_key.clone()};
    }
    /// Starts, or changes its record: one MTU, one record.
    void publish(std::uint16_t mtu = 1'420);
    /// A new life with what was stored; nothing is known.
    void restart(std::uint64_t epoch);

    /// Calls the node and carries out what it wants; returns it as well.
    template <class Call>
    gossip::Actions act(Call&& call) {
        gossip::Actions actions;
        call(*node, moment(), actions);
        take(actions);
        return actions;
    }
    gossip::Actions hear(const net::Endpoint& from, ConstBytes bytes) {
        return act([&](gossip::Node& it, const gossip::Moment& moment, gossip::Actions& actions) {
            it.on_datagram(from, bytes, moment, actions);
        });
    }
    gossip::Actions hear(const Machine& from, ConstBytes bytes) { return hear(from.at, bytes); }
    gossip::Actions on_timer() {
        return act([](gossip::Node& it, const gossip::Moment& moment, gossip::Actions& actions) {
            it.on_timer(moment, actions);
        });
    }
    std::optional<identity::Rejected> revoke(std::uint32_t other, std::uint64_t revocation = 1) {
        std::optional<identity::Rejected> rejected;
        act([&](gossip::Node& it, const gossip::Moment& moment, gossip::Actions& actions) {
            rejected = it.add_revocation(revocation_bytes(other, revocation), moment, actions);
        });
        return rejected;
    }

    /// A datagram of its own making; the header is an honest one where none is given.
    [[nodiscard]] Buffer seal(const Machine& to,
                              const std::vector<gossip::Message>& messages,
                              std::optional<gossip::Header> header = std::nullopt);
    /// An introduction with any cookie and certificate.
    [[nodiscard]] Buffer introduce(const Machine& to,
                                   const gossip::Cookie& cookie,
                                   ConstBytes certificate_shown,
                                   const std::vector<gossip::Message>& messages);
    /// Of what `from` sealed for this machine.
    [[nodiscard]] std::optional<Opened> open(const Machine& from, ConstBytes datagram);
    /// All in `actions` that was sealed by `from` for this machine.
    [[nodiscard]] std::vector<Opened> open_all(const Machine& from, const gossip::Actions& actions);
    [[nodiscard]] std::size_t count(gossip::Event::Kind kind) const;
    [[nodiscard]] bool knows(const identity::NodeId& other) const {
        return node->members().find(other) != nullptr;
    }
    [[nodiscard]] gossip::Header header() const;

    World& world;
    std::uint32_t number;
    net::Endpoint at;
    crypto::PrivateKey gossip_key;
    std::unique_ptr<identity::TrustStore> trust;
    gossip::StatementCache cache;
    SeededRandom random;
    std::shared_ptr<const gossip::SignedCertificate> certificate;
    gossip::Sealer sealer;
    std::unique_ptr<gossip::Node> node;
    bool disk_is_slow = false;  ///< epochs wait for store_epoch()
    std::optional<std::uint64_t> epoch_asked;
    std::vector<gossip::Event> events;
    std::vector<gossip::Actions::Join> joins;
    std::vector<gossip::Actions::PeerTime> peer_times;

    void store_epoch();

  private:
    void take(const gossip::Actions& actions);
};

class World {
  public:
    Machine& add(std::uint32_t number) {
        machines_.push_back(std::make_unique<Machine>(*this, number));
        return *machines_.back();
    }
    /// A started one.
    Machine& start(std::uint32_t number) {
        Machine& machine = add(number);
        machine.publish();
        return machine;
    }

    /// Each learns the other as from its disk.
    static void restore(Machine& to, const Statements& statements) {
        to.act([&](gossip::Node& it, const gossip::Moment& moment, gossip::Actions& actions) {
            it.restore(statements.item(), moment, actions);
        });
    }
    static void acquaint(Machine& a, Machine& b) {
        const auto own = [](const Machine& machine) {
            const gossip::Member& member = *machine.node->members().find(machine.id());
            return Statements{member.certificate->bytes, member.record->bytes};
        };
        restore(a, own(b));
        restore(b, own(a));
    }
    /// `a` has had an answer from `b`: b's address is proven to it.
    void prove(Machine& a, Machine& b);
    /// `b` answers the next ping that `a` sends it of its own accord; nothing else arrives.
    void answer_next_ping(Machine& a, Machine& b);

    /// All that is on the wire, and the answers, until there are none.
    void deliver() {
        for (int left = 10'000; !wire.empty(); --left) {
            if (left == 0) {
                throw std::logic_error("datagrams without end");
            }
            const Packet packet = std::move(wire.front());
            wire.pop_front();
            if (lost && lost(packet)) {
                continue;
            }
            for (const auto& machine : machines_) {
                if (machine->at == packet.to && machine->node) {
                    machine->hear(packet.from, packet.bytes);
                }
            }
        }
    }
    /// Every timer in its time, every datagram at once.
    void run(Duration span) {
        const Time end = now + span;
        deliver();
        for (int idle = 0;;) {
            Time next = end;
            for (const auto& machine : machines_) {
                next = machine->node ? std::min(next, machine->node->next_timer()) : next;
            }
            idle = next > now ? 0 : idle + 1;
            if (idle > 4) {
                throw std::logic_error("a timer is due and never done");
            }
            now = std::max(now, next);
            for (const auto& machine : machines_) {
                if (machine->node && machine->node->next_timer() <= now) {
                    machine->on_timer();
                }
            }
            deliver();
            if (now >= end) {
                return;
            }
        }
    }
    /// Nothing that is under way arrives.
    void drop() { wire.clear(); }

    Time now = kStart;
    bool clock_trusted = true;
    std::int64_t clock_ahead_s = 0;
    std::deque<Packet> wire;
    std::function<bool(const Packet&)> lost;

  private:
    std::vector<std::unique_ptr<Machine>> machines_;
};

// ---- Bodies -------------------------------------------------------------------------------------

inline Machine::Machine(World& its_world, std::uint32_t its_number)
    : world(its_world),
      number(its_number),
      at(endpoint("192.0.2." + std::to_string(its_number) + ":51840")),
      gossip_key(private_key(200'000 + its_number)),
      trust(std::make_unique<identity::TrustStore>(root_key(1).verify_key())),
      random(its_number),
      sealer(network(), random) {
    (void)trust->add_issuer(issuer_bytes(), {kBirth, true});
    certificate = cache.certificate(certificate_bytes(number), *trust, {kBirth, true}).value();
    sealer.set_own(id(), gossip_key);
    restart(kBirth);
}

inline void Machine::restart(std::uint64_t epoch) {
    node = std::make_unique<gossip::Node>(own(), epoch, *trust, cache, random);
}

inline gossip::Moment Machine::moment() const {
    const auto passed = std::chrono::duration_cast<seconds>(world.now - kStart).count();
    const auto wall = static_cast<std::int64_t>(kBirth) + passed + world.clock_ahead_s;
    return {world.now, {static_cast<identity::UnixSeconds>(wall), world.clock_trusted}};
}

inline void Machine::publish(std::uint16_t mtu) {
    gossip::OwnRecord wanted;
    wanted.boot_id = number;
    wanted.mtu = mtu;
    wanted.software = "test";
    wanted.endpoints = {at};
    act([&](gossip::Node& it, const gossip::Moment& moment, gossip::Actions& actions) {
        it.publish(wanted, moment, actions);
    });
}

inline void Machine::take(const gossip::Actions& actions) {
    for (const gossip::Actions::Datagram& datagram : actions.datagrams) {
        world.wire.push_back({at, datagram.to, datagram.bytes});
    }
    events.insert(events.end(), actions.events.begin(), actions.events.end());
    joins.insert(joins.end(), actions.joins.begin(), actions.joins.end());
    peer_times.insert(peer_times.end(), actions.peer_times.begin(), actions.peer_times.end());
    if (actions.epoch) {
        epoch_asked = actions.epoch;
        if (!disk_is_slow) {
            store_epoch();
        }
    }
}

inline void Machine::store_epoch() {
    act([](gossip::Node& it, const gossip::Moment& moment, gossip::Actions& actions) {
        it.on_epoch_stored(moment, actions);
    });
}

inline gossip::Header Machine::header() const {
    gossip::Header header;  // what a node knows of trust is not for others to ask
    header.time = moment().wall.now;
    header.members = static_cast<std::uint32_t>(node->members().size());
    header.members_digest = node->members().digest();
    return header;
}

inline Buffer Machine::seal(const Machine& to,
                            const std::vector<gossip::Message>& messages,
                            std::optional<gossip::Header> with) {
    gossip::DatagramWriter datagram{with.value_or(header()), gossip::kPlaintextMax};
    for (const gossip::Message& message : messages) {
        if (!datagram.add(message)) {
            throw std::logic_error("does not fit");
        }
    }
    const auto& key = to.certificate->certificate.gossip_key;
    return sealer.seal({}, to.id(), key, datagram.bytes());
}

inline Buffer Machine::introduce(const Machine& to,
                                 const gossip::Cookie& cookie,
                                 ConstBytes certificate_shown,
                                 const std::vector<gossip::Message>& messages) {
    Buffer head{std::byte{0x11}, std::byte{gossip::kFormatVersion}};
    head.insert(head.end(), cookie.begin(), cookie.end());
    head.push_back(static_cast<std::byte>(certificate_shown.size()));
    head.push_back(static_cast<std::byte>(certificate_shown.size() >> 8U));
    head.insert(head.end(), certificate_shown.begin(), certificate_shown.end());
    gossip::DatagramWriter datagram{header(), gossip::kPlaintextMax};
    for (const gossip::Message& message : messages) {
        datagram.add(message);
    }
    const auto& key = to.certificate->certificate.gossip_key;
    return sealer.seal(head, to.id(), key, datagram.bytes());
}

inline std::optional<Opened> Machine::open(const Machine& from, ConstBytes datagram) {
    if (datagram.size() < gossip::kSealedHeadSize || datagram[0] != std::byte{0x10} ||
        gossip::Sealer::sender_of(datagram) != from.id()) {
        return std::nullopt;
    }
    auto plaintext = sealer.open({}, datagram, from.certificate->certificate.gossip_key);
    if (!plaintext) {
        return std::nullopt;
    }
    Opened opened;
    opened.plaintext = std::move(*plaintext);
    gossip::DatagramReader reader{opened.plaintext};
    opened.header = reader.header().value();
    while (auto message = reader.next()) {
        opened.messages.push_back(std::move(*message));
    }
    return opened;
}

inline std::vector<Opened> Machine::open_all(const Machine& from, const gossip::Actions& actions) {
    std::vector<Opened> all;
    for (const gossip::Actions::Datagram& datagram : actions.datagrams) {
        if (auto opened = open(from, datagram.bytes)) {
            all.push_back(std::move(*opened));
        }
    }
    return all;
}

inline std::size_t Machine::count(gossip::Event::Kind kind) const {
    std::size_t found = 0;
    for (const gossip::Event& event : events) {
        found += event.kind == kind ? 1 : 0;
    }
    return found;
}

inline void World::prove(Machine& a, Machine& b) {
    // A ping of b's that knows something else is answered by a ping, to see whether it is there.
    const gossip::Actions answer = a.hear(b, b.seal(a, {gossip::Ping{1}}));
    for (const Opened& opened : b.open_all(a, answer)) {
        for (const gossip::Ping& ping : opened.all<gossip::Ping>()) {
            a.hear(b, b.seal(a, {gossip::Ack{ping.number, a.at}}, a.header()));
        }
    }
    if (a.node->seen_endpoint(b.id()) != b.at) {
        throw std::logic_error("not proven");
    }
    wire.clear();
}

inline void World::answer_next_ping(Machine& a, Machine& b) {
    for (int timers = 0; timers < 1'000; ++timers) {
        now = std::max(now, a.node->next_timer());
        for (const Opened& opened : b.open_all(a, a.on_timer())) {
            for (const gossip::Ping& ping : opened.all<gossip::Ping>()) {
                a.hear(b, b.seal(a, {gossip::Ack{ping.number, a.at}}));
                wire.clear();
                return;
            }
        }
        wire.clear();
    }
    throw std::logic_error("not pinged");
}

}  // namespace weft::test
