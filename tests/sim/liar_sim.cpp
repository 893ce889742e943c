// SPDX-License-Identifier: Apache-2.0
// What one captured node can do to the others, and someone on the way: nothing that lasts, and not
// much that costs (design: what a captured node can do). WEFT_SEED repeats a run.
#include <algorithm>
#include <ctime>

#include <gtest/gtest.h>

#include "liar.hpp"
#include "seed.hpp"

namespace weft::sim {
namespace {

using std::chrono::minutes;
constexpr std::size_t kLiar = 7;
constexpr std::size_t kVictim = 3;
constexpr std::size_t kUninvolved = 10;  // and all behind it

struct LiarSim : testing::Test {
    LiarSim() {
        world.start_converged();
        world.run_for(seconds{30});
    }
    const gossip::Member& victim_at(std::size_t host) {
        return *world.host(host).node->members().find(world.host(kVictim).certificate->id);
    }
    gossip::Record victims_record() { return victim_at(0).record->record; }
    void tell_all(const std::vector<gossip::Message>& messages) {
        for (std::size_t i = 0; i < world.size(); ++i) {
            if (i != kLiar) {
                liar.tell(i, messages);
            }
        }
    }
    /// Traffic of the honest and uninvolved, bytes a second each, without what the liar sends them.
    double traffic(Duration duration, const std::function<void()>& each_100_ms) {
        const std::uint64_t before = own_bytes();
        for (Duration passed{}; passed < duration; passed += milliseconds{100}) {
            each_100_ms();
            world.run_for(milliseconds{100});
        }
        return static_cast<double>(own_bytes() - before) /
               std::chrono::duration<double>(duration).count() /
               static_cast<double>(world.size() - kUninvolved);
    }
    /// Of this process, for all that runs in it.
    static double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
    std::uint64_t own_bytes() {
        std::uint64_t bytes = 0;
        for (std::size_t i = kUninvolved; i < world.size(); ++i) {
            bytes += world.host(i).bytes - world.host(i).injected;
        }
        return bytes;
    }

    testing::ScopedTrace trace{__FILE__, __LINE__, test::seed_text()};
    World world{test::seed(), 24};
    Liar liar{world, kLiar};
};

TEST_F(LiarSim, ItCannotSignOthersOff) {
    gossip::Record forged = victims_record();
    forged.order.sequence += 10;
    forged.left = true;
    const auto bytes = liar.sign(forged, world.host(kLiar).identity_key);
    const auto honest = victim_at(0).record->bytes;
    tell_all({gossip::MemberItem{world.host(kVictim).certificate->bytes, bytes},
              gossip::MemberItem{world.host(kLiar).certificate->bytes, bytes}});
    world.run_for(seconds{10});
    for (std::size_t i = 0; i < world.size(); ++i) {
        EXPECT_EQ(victim_at(i).record->bytes, honest);
        EXPECT_NE(world.host(i).node->reachability(world.host(kVictim).certificate->id),
                  gossip::Reachability::kLeft);
    }
}

TEST_F(LiarSim, ItCannotClaimOthersPrefixes) {
    // With a certificate that it signs itself, and with its own altered.
    Host fake;
    fake.index = kLiar;
    fake.identity_key = world.host(kLiar).identity_key.clone();
    fake.gossip_key = world.host(kLiar).gossip_key.clone();
    identity::Certificate stolen = world.host(kLiar).certificate->certificate;
    stolen.generation += 1;
    stolen.blocks = world.host(kVictim).certificate->certificate.blocks;
    const auto self_signed = build(stolen, fake.identity_key);
    gossip::Record record =
        world.host(kLiar).node->members().find(world.host(kLiar).certificate->id)->record->record;
    record.order.generation = stolen.generation;
    const auto bytes = liar.sign(record, fake.identity_key);
    tell_all({gossip::MemberItem{self_signed, bytes}});
    auto altered = world.host(kLiar).certificate->bytes;
    altered[altered.size() - 100] ^= std::byte{1};
    tell_all({gossip::MemberItem{altered, bytes}});
    world.run_for(seconds{10});
    for (std::size_t i = 0; i < world.size(); ++i) {
        EXPECT_EQ(world.host(i)
                      .node->members()
                      .find(world.host(kLiar).certificate->id)
                      ->certificate->bytes,
                  world.host(kLiar).certificate->bytes);
        EXPECT_TRUE(
            world.host(i).node->members().owns_its_prefixes(world.host(kVictim).certificate->id));
    }
    EXPECT_TRUE(world.one_owner_each());
}

TEST_F(LiarSim, ItCannotRevoke) {
    identity::Revocation revocation;
    revocation.network = world.network();
    revocation.signer = 1;
    revocation.serial = world.host(kVictim).certificate->certificate.serial;
    revocation.key = world.host(kVictim).certificate->certificate.identity_key;
    const auto by_liar = build(revocation, world.host(kLiar).identity_key);
    revocation.signer = identity::kRootSigner;
    const auto as_root = build(revocation, world.host(kLiar).identity_key);
    tell_all({gossip::RevocationItem{by_liar}, gossip::RevocationItem{as_root}});
    world.run_for(seconds{10});
    EXPECT_EQ(world.routes_withdrawn(), 0U);
}

TEST_F(LiarSim, ItCannotGetOthersForgottenByAccusingThem) {
    const auto accuse = [&] {
        std::vector<gossip::Message> lies;
        for (std::size_t i = 8; i < 14; ++i) {
            lies.push_back(gossip::Accusation{world.host(kVictim).certificate->id,
                                              victim_at(0).order(),
                                              world.host(i).certificate->id});
        }
        tell_all(lies);
    };
    for (int i = 0; i < 600; ++i) {
        accuse();
        world.run_for(milliseconds{100});
    }
    EXPECT_EQ(world.routes_withdrawn(), 0U);
    world.run_for(minutes{2});
    for (std::size_t i = 0; i < world.size(); ++i) {
        if (i != kVictim) {
            EXPECT_EQ(world.host(i).node->reachability(world.host(kVictim).certificate->id),
                      gossip::Reachability::kAlive);
        }
    }
}

TEST_F(LiarSim, NewRecordsAtFullRateCostLittle) {
    const double idle_began = cpu_seconds();
    const double idle = traffic(seconds{60}, [] {});
    const double idle_cpu = cpu_seconds() - idle_began;
    gossip::Record record =
        world.host(kLiar).node->members().find(world.host(kLiar).certificate->id)->record->record;
    const double busy_began = cpu_seconds();
    const double busy = traffic(seconds{60}, [&] {
        for (int i = 0; i < 20; ++i) {
            ++record.order.sequence;
            const auto bytes = liar.sign(record, world.host(kLiar).identity_key);
            tell_all({gossip::MemberItem{world.host(kLiar).certificate->bytes, bytes}});
        }
    });
    // All nodes' work, and the liar's signatures, on this one core.
    const double cpu =
        (cpu_seconds() - busy_began - idle_cpu) / 60 / static_cast<double>(world.size() - 1);
    std::printf(
        "note: idle %.0f B/s, beside a liar at full rate %.0f B/s and at most %.3f %% of a core\n",
        idle,
        busy,
        100 * cpu);
    EXPECT_LE(busy, 2 * idle);
    EXPECT_LE(cpu, 0.05);
    std::uint64_t over_budget = 0;
    for (std::size_t i = kUninvolved; i < world.size(); ++i) {
        over_budget += world.host(i).node->counters().over_budget;
    }
    EXPECT_GT(over_budget, 0U);
    EXPECT_EQ(world.routes_withdrawn(), 0U);
}

TEST_F(LiarSim, ForgeriesCannotUseUpTheVictimsBudget) {
    gossip::Record forged = victims_record();
    for (int i = 0; i < 100; ++i) {
        forged.order.sequence += 1'000;
        const auto bytes = liar.sign(forged, world.host(kLiar).identity_key);
        tell_all({gossip::MemberItem{world.host(kVictim).certificate->bytes, bytes}});
        world.run_for(milliseconds{20});
    }
    world.touch(kVictim);
    EXPECT_TRUE(world.run_until([&] { return world.all_know(kVictim); }, seconds{2}));
}

TEST_F(LiarSim, TwoStoriesOfOneOrderEndAsOneEverywhere) {
    gossip::Record record =
        world.host(kLiar).node->members().find(world.host(kLiar).certificate->id)->record->record;
    world.kill(kLiar);
    record.order.sequence += 5;
    record.mtu = 1'000;
    const auto one = liar.sign(record, world.host(kLiar).identity_key);
    record.mtu = 2'000;
    const auto other = liar.sign(record, world.host(kLiar).identity_key);
    const auto& certificate = world.host(kLiar).certificate->bytes;
    for (std::size_t i = 0; i < world.size(); ++i) {
        if (i != kLiar) {
            liar.tell(i, {gossip::MemberItem{certificate, i % 2 == 0 ? one : other}});
        }
    }
    world.run_for(seconds{1});
    EXPECT_TRUE(world.run_until([&] { return world.converged(); }, seconds{60}));
    EXPECT_NE(
        world.host(0).node->members().find(world.host(kLiar).certificate->id)->record->record.mtu,
        1'420);
    std::uint64_t alarms = 0;
    for (std::size_t i = 0; i < world.size(); ++i) {
        alarms += world.host(i).node ? world.host(i).node->counters().equivocated : 0;
    }
    EXPECT_GT(alarms, 0U);
}

TEST_F(LiarSim, EverythingReplayedFromElsewhereChangesNothing) {
    std::vector<gossip::Actions::Datagram> taped;
    world.wiretap = [&](const Host&, const gossip::Actions::Datagram& datagram) {
        taped.push_back(datagram);
    };
    world.run_for(seconds{20});
    world.wiretap = nullptr;
    world.run_for(minutes{2});
    std::vector<std::optional<net::Endpoint>> before;
    for (std::size_t i = 0; i < world.size(); ++i) {
        before.push_back(world.host(0).node->seen_endpoint(world.host(i).certificate->id));
    }
    const auto elsewhere = *net::Endpoint::parse("203.0.113.66:6666");
    std::uint64_t answered = 0;
    std::uint64_t replayed = 0;
    world.wiretap = [&](const Host&, const gossip::Actions::Datagram& datagram) {
        answered += datagram.to == elsewhere ? datagram.bytes.size() : 0;
    };
    for (const auto& datagram : taped) {
        for (std::size_t i = 0; i < world.size(); ++i) {
            if (world.host(i).endpoint == datagram.to) {
                replayed += datagram.bytes.size();
                world.inject(elsewhere, i, datagram.bytes);
            }
        }
        world.run_for(milliseconds{1});
    }
    for (std::size_t i = 0; i < world.size(); ++i) {
        const auto seen = world.host(0).node->seen_endpoint(world.host(i).certificate->id);
        EXPECT_NE(seen, elsewhere);
    }
    EXPECT_LE(answered, 2 * replayed);  // an ack, and at most once a second a ping of ours
    EXPECT_TRUE(world.converged());
    EXPECT_EQ(world.routes_withdrawn(), 0U);
}

}  // namespace
}  // namespace weft::sim
