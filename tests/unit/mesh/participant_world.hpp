// SPDX-License-Identifier: Apache-2.0
// Whole participants over a perfect wire in virtual time.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weft/mesh/participant.hpp>
#include <weft/mesh/pools.hpp>

#include "memory_storage.hpp"
#include "seed.hpp"

namespace weft::mesh::whole {

inline constexpr identity::UnixSeconds kBirth = 1'790'000'000;

struct Machine {
    explicit Machine(std::uint64_t seed, std::string_view address)
        : random(seed), endpoint(*net::Endpoint::parse(std::string{address} + ":51840")) {}

    void boot(const Clock& clock, Output& out) {
        subject = std::make_unique<Participant>(Participant::Parts{storage, random, kBirth - 1});
        started = subject->start(clock, out);
        gossip::OwnRecord own;
        own.software = "weft test";
        own.mtu = 1420;
        own.boot_id = ++boots;
        own.endpoints = {endpoint};
        subject->describe(own, clock, out);
    }
    [[nodiscard]] std::size_t told(std::string_view event) const {
        return static_cast<std::size_t>(
            std::count_if(notices.begin(), notices.end(), [&](const Notice& notice) {
                return notice.event == event;
            }));
    }

    SeededRandom random;
    net::Endpoint endpoint;
    test::MemoryStorage storage;
    std::vector<InUse> in_use;
    std::uint64_t boots = 0;
    Result<> started;
    std::unique_ptr<Participant> subject;
    std::vector<Notice> notices;
    std::size_t own_changes = 0;
    std::size_t joins_sent = 0;                                      // datagrams
    std::function<bool(const net::Endpoint& to, ConstBytes)> loses;  // what it sends
};

class World {
  public:
    Machine& add(std::string_view address) {
        machines_.push_back(std::make_unique<Machine>(test::seed() + machines_.size(), address));
        boot(*machines_.back());
        return *machines_.back();
    }
    void boot(Machine& machine) {
        Output out;
        machine.boot(clock(), out);
        carry(machine, out);
    }
    [[nodiscard]] Clock clock() const {
        return {now_, WallTime{std::chrono::seconds{kBirth}} + (now_ - Time{})};
    }
    /// Delivers until nothing is under way.
    void carry(Machine& from, Output& out) {
        from.notices.insert(from.notices.end(), out.notices.begin(), out.notices.end());
        from.own_changes += out.own_changed ? 1U : 0U;
        for (auto& datagram : out.datagrams) {
            from.joins_sent += datagram.bytes[0] == std::byte{0x13} ? 1U : 0U;
            if (from.loses && from.loses(datagram.to, datagram.bytes)) {
                continue;
            }
            for (const auto& to : machines_) {
                if (to->endpoint == datagram.to && to->subject) {
                    Output more;
                    to->subject->on_datagram(from.endpoint, datagram.bytes, clock(), more);
                    carry(*to, more);
                }
            }
        }
        out.datagrams.clear();
    }
    void run(Duration duration) {
        const Time end = now_ + duration;
        while (now_ < end) {
            now_ += step();
            for (const auto& machine : machines_) {
                if (machine->subject) {
                    Output out;
                    machine->subject->on_timer(clock(), out);
                    carry(*machine, out);
                }
            }
        }
    }
    /// Time in which nothing happens.
    void skip(Duration duration) { now_ += duration; }
    Result<> init(Machine& machine, const std::string& name) {
        Output out;
        const Result<> done = machine.subject->init(
            {name, {*net::Prefix::parse("10.16.0.0/12"), *net::Prefix::parse("fd01:2:3::/48")}, {}},
            clock(),
            out);
        carry(machine, out);
        return done;
    }
    Result<> join(Machine& machine,
                  Machine& issuer,
                  const std::string& name,
                  const issuer::TokenOptions& options = {}) {
        const auto token = issuer.subject->create_token(options, clock());
        if (!token) {
            return token.error();
        }
        return join_by(machine, token->text, name);
    }
    Result<> join_by(Machine& machine, const std::string& token, const std::string& name) {
        Output out;
        if (Result<> begun = machine.subject->join(token, name, machine.in_use, clock(), out);
            !begun) {
            return begun;
        }
        carry(machine, out);
        for (int i = 0; i < 70; ++i) {
            if (const auto joined = machine.subject->take_joined()) {
                return *joined;
            }
            run(std::chrono::seconds{1});
        }
        return errno_error(ETIMEDOUT, "join");
    }

  private:
    /// To whoever is due next, in steps of 50 ms to half a second, as the daemon ticks.
    [[nodiscard]] Duration step() const {
        Time next = now_ + std::chrono::milliseconds{500};
        for (const auto& machine : machines_) {
            next = machine->subject ? std::min(next, machine->subject->next_timer()) : next;
        }
        return std::max<Duration>(next - now_, std::chrono::milliseconds{50});
    }

    Time now_{std::chrono::seconds{1'000}};
    std::vector<std::unique_ptr<Machine>> machines_;
};

inline std::size_t peers(const Machine& machine) {
    return wanted_peers(machine.subject->gossip(), machine.subject->network().pools).size();
}

}  // namespace weft::mesh::whole
