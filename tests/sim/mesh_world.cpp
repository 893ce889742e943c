// SPDX-License-Identifier: Apache-2.0
// See mesh_world.hpp.
#include "mesh_world.hpp"

#include <algorithm>

namespace weft::sim {
namespace {

constexpr identity::UnixSeconds kBuilt = kBirth - 180ULL * 86'400;
constexpr Time kStart{seconds{1'000}};
/// What a machine's own clock shows when it boots.
constexpr Duration kBootTime = seconds{10};
/// A router forgets who may answer after this long (RFC 4787 REQ-5).
constexpr Duration kHoleLifetime = seconds{120};

}  // namespace

MeshWorld::MeshWorld(std::uint64_t seed, Shape shape) : Wire(seed), shape_(std::move(shape)) {}

// ---- Machines ----------------------------------------------------------------------------------

bool MeshWorld::begin(std::size_t machines, std::size_t translated) {
    for (std::size_t i = 0; i < machines; ++i) {
        add_machine(i + translated >= machines);
    }
    bool joined = init(0);
    for (std::size_t i = 1; i < machines; ++i) {
        joined = joined && join_by(i, 0, "n" + std::to_string(i));
    }
    return joined && run_until([&] { return converged(); }, seconds{60}, milliseconds{100});
}

std::size_t MeshWorld::add_machine(bool translated) {
    auto machine = std::make_unique<Machine>();
    const std::size_t index = machines_.size();
    machine->index = index;
    machine->seen.index = index;
    machine->outside = {address(198, index + 1), 51'840, 0};
    machine->inside = machine->outside;
    if (translated) {
        machine->inside = {address(172, (16U << 16U) + index + 1), 51'840, 0};
        machine->outside.port = static_cast<std::uint16_t>(20'000 + random_.below(10'000U));
    }
    machine->random = std::make_unique<SeededRandom>(
        (static_cast<std::uint64_t>(random_.next_u32()) << 32) | random_.next_u32());
    machine->disk = std::make_unique<Disk>(random_);
    by_endpoint_[machine->outside] = index;
    machines_.push_back(std::move(machine));
    boot(index);
    return index;
}

void MeshWorld::boot(std::size_t index) {
    machines_[index]->booted = now_;
    start(*machines_[index]);
}

void MeshWorld::restart(std::size_t index) {
    cut_power(index);
    start(*machines_[index]);
}

void MeshWorld::start(Machine& machine) {
    machine.node = std::make_unique<mesh::Participant>(
        mesh::Participant::Parts{*machine.disk, *machine.random, kBuilt});
    gossip::OwnRecord own;
    own.boot_id = (std::uint64_t{machine.index} << 32) | ++machine.boots;
    own.mtu = 1'420;
    own.software = "sim";
    own.endpoints = {machine.inside};
    bool started = false;
    act(machine, [&](mesh::Participant& node, const mesh::Clock& time, mesh::Output& out) {
        const Result<> done = node.start(time, out);
        started = done.has_value();
        if (!started) {
            // Without room for its epoch it may sign nothing.
            if (!machine.disk->full) {
                watch.violate(machine.index, now_, "does not start: " + done.error().message());
            }
            return;
        }
        node.describe(own, time, out);
        node.on_timer(time, out);
    });
    if (!started) {
        cut_power(machine.index);
    }
}

void MeshWorld::cut_power(std::size_t index) {
    Machine& machine = *machines_[index];
    machine.node.reset();
    machine.timer = Time::max();
    machine.disk->writes_left.reset();
    machine.seen.version = 0;
    machine.seen.device.clear();
    machine.seen.since = std::min(machine.seen.since, now_);
}

void MeshWorld::rebind(std::size_t index) {
    Machine& machine = *machines_[index];
    by_endpoint_.erase(machine.outside);
    machine.outside.port = static_cast<std::uint16_t>(20'000 + random_.below(10'000U));
    by_endpoint_[machine.outside] = index;
    machine.holes.clear();
}

Disk::Files MeshWorld::snapshot(std::size_t index) const {
    return machines_[index]->disk->files;
}

void MeshWorld::restore(std::size_t index, const Disk::Files& files) {
    cut_power(index);
    Machine& machine = *machines_[index];
    machine.disk->files = files;
    machine.seen.order.reset();
}

mesh::Clock MeshWorld::clock(const Machine& machine) const {
    return {Time{} + kBootTime + (now_ - machine.booted),
            WallTime{seconds{kBirth} + (now_ - kStart) + seconds{machine.clock_error_s}}};
}

// ---- The operator ------------------------------------------------------------------------------

template <class Call>
bool MeshWorld::act(Machine& machine, Call&& call) {
    if (!machine.runs()) {
        return false;
    }
    mesh::Output out;
    try {
        call(*machine.node, clock(machine), out);
    } catch (const PowerCut&) {
        cut_power(machine.index);
        return false;
    }
    carry_out(machine, out);
    return true;
}

bool MeshWorld::init(std::size_t index) {
    bool done = false;
    act(*machines_[index],
        [&](mesh::Participant& node, const mesh::Clock& time, mesh::Output& out) {
            done =
                node.init({"first",
                           {*net::Prefix::parse(shape_.pool), *net::Prefix::parse("fd01:2:3::/48")},
                           {}},
                          time,
                          out)
                    .has_value();
        });
    return done;
}

std::optional<std::string> MeshWorld::create_token(std::size_t issuer,
                                                   const issuer::TokenOptions& options) {
    std::optional<std::string> text;
    act(*machines_[issuer], [&](mesh::Participant& node, const mesh::Clock& time, mesh::Output&) {
        if (const auto token = node.create_token(options, time)) {
            text = token->text;
        }
    });
    return text;
}

bool MeshWorld::join(std::size_t index, const std::string& token, const std::string& name) {
    bool begun = false;
    machines_[index]->joined.reset();
    act(*machines_[index],
        [&](mesh::Participant& node, const mesh::Clock& time, mesh::Output& out) {
            begun = node.join(token, name, {}, time, out).has_value();
        });
    return begun;
}

bool MeshWorld::join_by(std::size_t index, std::size_t issuer, const std::string& name) {
    const auto token = create_token(issuer);
    if (!token || !join(index, *token, name)) {
        return false;
    }
    const auto& joined = machines_[index]->joined;
    run_until([&] { return joined.has_value(); }, seconds{70});
    return joined && joined->has_value();
}

bool MeshWorld::leave(std::size_t index) {
    bool done = false;
    act(*machines_[index],
        [&](mesh::Participant& node, const mesh::Clock& time, mesh::Output& out) {
            done = node.leave(time, out).has_value();
        });
    return done;
}

bool MeshWorld::forget(std::size_t index) {
    bool done = false;
    act(*machines_[index], [&](mesh::Participant& node, const mesh::Clock&, mesh::Output&) {
        done = node.forget().has_value();
    });
    return done;
}

bool MeshWorld::make_issuer(std::size_t root, std::size_t index) {
    std::optional<std::string> word;
    act(*machines_[index], [&](mesh::Participant& node, const mesh::Clock&, mesh::Output&) {
        if (auto asked = node.issuer_request()) {
            word = *std::move(asked);
        }
    });
    bool made = false;
    act(*machines_[root], [&](mesh::Participant& node, const mesh::Clock& time, mesh::Output& out) {
        made = word && node.sign_issuer(*word, time, out).has_value();
    });
    const auto issues = [&] {
        const issuer::Issuer* const issuer = machines_[index]->node->issuer();
        return issuer != nullptr && issuer->ready();
    };
    return made && run_until(issues, seconds{30}).has_value();
}

bool MeshWorld::revoke(std::size_t issuer, const std::string& name) {
    bool done = false;
    act(*machines_[issuer],
        [&](mesh::Participant& node, const mesh::Clock& time, mesh::Output& out) {
            done = node.revoke(name, time, out).has_value();
        });
    return done;
}

// ---- The network -------------------------------------------------------------------------------

void MeshWorld::carry_out(Machine& machine, mesh::Output& out) {
    const bool looks = machine.index % shape_.check_one_in == 0;
    watch.look(machine.seen, *machine.node, out, looks, now_);
    if (auto joined = machine.node->take_joined()) {
        machine.joined = *std::move(joined);
    }
    for (const gossip::Actions::Datagram& datagram : out.datagrams) {
        deliver(machine, datagram);
    }
    schedule_timer(machine);
}

void MeshWorld::deliver(Machine& from, const gossip::Actions::Datagram& datagram) {
    from.bytes += datagram.bytes.size();
    if (from.is_translated()) {
        from.holes[datagram.to] = now_ + kHoleLifetime;
    }
    const auto found = by_endpoint_.find(datagram.to);
    if (found != by_endpoint_.end()) {
        carry(from.index, found->second, from.outside, datagram.bytes);
    }
}

void MeshWorld::schedule_timer(Machine& machine) {
    const Time own = machine.node->next_timer();
    if (own == Time::max()) {
        return;
    }
    const Time next =
        std::max(machine.booted + (own.time_since_epoch() - kBootTime), now_) + machine.stall;
    if (next < machine.timer) {
        machine.timer = next;
        push_timer(next, machine.index);
    }
}

void MeshWorld::happen(Happening& happening) {
    Machine& machine = *machines_[happening.host];
    const bool is_timer = happening.bytes.empty();
    if (is_timer && happening.at != machine.timer) {
        return;  // an earlier one took its place, or the power is gone
    }
    if (!is_timer && machine.is_translated()) {
        const auto hole = machine.holes.find(happening.from);
        if (hole == machine.holes.end() || hole->second < now_) {
            return;
        }
    }
    act(machine, [&](mesh::Participant& node, const mesh::Clock& time, mesh::Output& out) {
        if (is_timer) {
            machine.timer = Time::max();
            node.on_timer(time, out);
        } else {
            node.on_datagram(happening.from, happening.bytes, time, out);
        }
    });
}

// ---- What is there -----------------------------------------------------------------------------

bool MeshWorld::is_live(std::size_t index) const {
    const Machine& machine = *machines_[index];
    return machine.is_member() && !watch.is_revoked(machine.node->gossip().id());
}

bool MeshWorld::converged() const {
    const mesh::Participant* first = nullptr;
    std::size_t revoked = 0;
    for (const auto& [id, entry] : watch.entries()) {
        revoked += entry.revoked ? 1U : 0U;
    }
    for (const auto& machine : machines_) {
        if (!is_live(machine->index)) {
            continue;
        }
        first = first == nullptr ? machine->node.get() : first;
        if (machine->node->gossip().members().digest() != first->gossip().members().digest() ||
            machine->node->trust().revocation_digest() != first->trust().revocation_digest() ||
            machine->node->trust().revocation_count() != revoked ||
            first->gossip().members().find(machine->node->gossip().id()) == nullptr) {
            return false;
        }
    }
    return true;
}

void MeshWorld::check() {
    const auto passed = std::chrono::duration_cast<seconds>(now_ - kStart).count();
    const identity::UnixSeconds true_time = kBirth + static_cast<identity::UnixSeconds>(passed);
    for (const auto& machine : machines_) {
        if (machine->runs()) {
            watch.check(machine->seen, *machine->node, true_time, now_);
        }
    }
}

}  // namespace weft::sim
