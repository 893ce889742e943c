// SPDX-License-Identifier: Apache-2.0
// Networks of whole nodes in virtual time: what becomes of their issuer (backups, months away, all
// others gone), of machines behind routers, and of large networks. WEFT_SEED repeats a run,
// WEFT_FULL is the long version.
#include <algorithm>

#include <gtest/gtest.h>

#include <weft/mesh/state.hpp>

#include "allocated.hpp"
#include "mesh_world.hpp"
#include "seed.hpp"

namespace weft::sim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

std::optional<Duration> until_converged(MeshWorld& world, Duration limit) {
    return world.run_until([&] { return world.converged(); }, limit, milliseconds{100});
}

// ---- Issuers -----------------------------------------------------------------------------------

TEST(MeshSim, AnIssuerThatAllHaveLeftAsksNobodyAfterItsRestart) {
    SCOPED_TRACE(test::seed_text());
    MeshWorld world{test::seed()};
    ASSERT_TRUE(world.begin(4)) << world.violations();
    world.add_machine();
    for (std::size_t i = 1; i < 4; ++i) {
        EXPECT_TRUE(world.leave(i));
        world.run_for(seconds{5});
        EXPECT_TRUE(world.forget(i));
    }
    world.run_for(seconds{20});
    world.restart(0);
    EXPECT_TRUE(world.join_by(4, 0, "n4"));
    EXPECT_TRUE(world.join_by(1, 0, "n1-again"));
    world.check();
    EXPECT_EQ(world.violations(), "");
}

/// Of so many machines, one leaves while the issuer starts; it joins again soon.
void leave_at_restart(std::size_t machines) {
    SCOPED_TRACE(test::seed_text());
    MeshWorld world{test::seed()};
    ASSERT_TRUE(world.begin(machines)) << world.violations();
    world.run_for(seconds{20});
    world.restart(0);
    EXPECT_TRUE(world.leave(1));
    EXPECT_TRUE(world.forget(1));
    EXPECT_TRUE(
        world.run_until([&] { return world.machine(0).node->issuer()->ready(); }, seconds{10}));
    EXPECT_TRUE(world.join_by(1, 0, "n1-again"));
    world.check();
    EXPECT_EQ(world.violations(), "");
}

TEST(MeshSim, AnIssuerWhoseLastMemberLeavesAtItsRestartAsksNobody) {
    leave_at_restart(2);
}

TEST(MeshSim, AnIssuerThatOneLeavesAtItsRestartDoesNotWaitForItsAnswer) {
    leave_at_restart(3);
}

/// Two join and one is revoked after the backup; the weather is bad when it is put back, and
/// somebody joins at once.
void restore_backup(std::uint64_t seed) {
    SCOPED_TRACE("WEFT_SEED=" + std::to_string(seed));
    MeshWorld world{seed};
    ASSERT_TRUE(world.begin(8)) << world.violations();
    world.run_for(seconds{20});
    const Disk::Files backup = world.snapshot(0);
    for (std::size_t i = 8; i < 11; ++i) {
        world.add_machine();
    }
    ASSERT_TRUE(world.join_by(8, 0, "n8"));
    ASSERT_TRUE(world.join_by(9, 0, "n9"));
    ASSERT_TRUE(world.revoke(0, "n1"));
    ASSERT_TRUE(until_converged(world, seconds{30}));
    world.cut_power(0);
    world.run_for(seconds{30});
    world.weather.loss = 0.3;
    world.weather.delay_max = milliseconds{300};
    world.restore(0, backup);
    world.boot(0);
    for (int attempt = 0; attempt < 20 && !world.machine(10).is_member(); ++attempt) {
        world.join_by(10, 0, "n10");
    }
    EXPECT_TRUE(world.machine(10).is_member());
    EXPECT_TRUE(world.revoke(0, "n2"));
    world.weather = {};
    EXPECT_TRUE(until_converged(world, seconds{60}));
    world.check();
    EXPECT_EQ(world.violations(), "");
}

TEST(MeshSim, AnIssuerFromABackupGrantsNothingTwice) {
    for (int round = 0; round < test::rounds(20, 300); ++round) {
        restore_backup(test::seed_of(round));
        if (testing::Test::HasFailure()) {
            return;
        }
    }
}

/// Only a machine that nobody else ever heard of has the certificate that the backup lacks.
TEST(MeshSim, AnIssuerFromABackupLearnsOfAGrantThatTurnsUpLater) {
    SCOPED_TRACE(test::seed_text());
    MeshWorld world{test::seed()};
    ASSERT_TRUE(world.begin(3)) << world.violations();
    world.run_for(seconds{20});
    const Disk::Files backup = world.snapshot(0);
    world.cut_power(1);
    world.cut_power(2);
    const std::size_t unknown = world.add_machine();
    const std::size_t next = world.add_machine();
    ASSERT_TRUE(world.join_by(unknown, 0, "unknown"));
    world.passes = [&](std::size_t from, std::size_t to) {
        return from != unknown && to != unknown;
    };
    world.restore(0, backup);
    world.boot(0);
    world.boot(1);
    world.boot(2);
    ASSERT_TRUE(
        world.run_until([&] { return world.machine(0).node->issuer()->ready(); }, seconds{30}));
    world.heal();
    EXPECT_TRUE(until_converged(world, minutes{2}));
    world.run_for(seconds{5});
    EXPECT_TRUE(world.join_by(next, 0, "next"));
    EXPECT_TRUE(until_converged(world, seconds{30}));
    world.check();
    EXPECT_EQ(world.violations(), "");
}

/// Each goes on in its half, with names, blocks and revocations of its own; afterwards all know all
/// of it.
void part_two_issuers(std::uint64_t seed) {
    SCOPED_TRACE("WEFT_SEED=" + std::to_string(seed));
    MeshWorld world{seed};
    ASSERT_TRUE(world.begin(6)) << world.violations();
    ASSERT_TRUE(world.make_issuer(0, 3)) << world.violations();
    for (int i = 0; i < 4; ++i) {
        world.add_machine();
    }
    const auto half = [](std::size_t index) { return index < 6 ? index / 3 : index % 2; };
    world.passes = [&](std::size_t from, std::size_t to) { return half(from) == half(to); };
    world.run_for(minutes{1});
    for (std::size_t i = 6; i < 10; ++i) {
        EXPECT_TRUE(world.join_by(i, 3 * half(i), "n" + std::to_string(i)));
    }
    EXPECT_TRUE(world.revoke(0, "n6"));
    EXPECT_TRUE(world.revoke(3, "n7"));
    EXPECT_TRUE(world.revoke(0, "n4"));  // in the other half
    world.restart(0);
    world.restart(3);
    world.run_for(minutes{10});
    EXPECT_EQ(world.gossip(0).members().size(), 6U);  // of the other half 3 and 5 are old
    world.check();
    world.heal();
    const auto took = until_converged(world, minutes{2});
    ASSERT_TRUE(took);
    EXPECT_LE(in_seconds(*took), 30);
    EXPECT_FALSE(world.is_live(4));
    for (const std::size_t i : {8U, 9U}) {
        EXPECT_TRUE(world.is_live(i));
    }
    EXPECT_EQ(world.gossip(0).members().size(), 7U);
    world.check();
    EXPECT_EQ(world.violations(), "");
}

TEST(MeshSim, TwoIssuersApartGrantNothingTwice) {
    for (int round = 0; round < test::rounds(3, 200); ++round) {
        part_two_issuers(test::seed_of(round));
        if (testing::Test::HasFailure()) {
            return;
        }
    }
}

TEST(MeshSim, WithItsIssuerAwayForSixtyDaysANetworkGoesOn) {
    SCOPED_TRACE(test::seed_text());
    MeshWorld world{test::seed()};
    ASSERT_TRUE(world.begin(5)) << world.violations();
    world.run_for(seconds{30});
    world.cut_power(0);
    world.run_for(test::rounds(hours{2}, hours{24 * 60}));
    if (!test::is_full()) {  // the rest without power
        for (std::size_t i = 1; i < 5; ++i) {
            world.cut_power(i);
        }
        world.run_for(hours{24 * 60});
        for (std::size_t i = 1; i < 5; ++i) {
            world.boot(i);
        }
    }
    EXPECT_TRUE(until_converged(world, seconds{60}));
    world.run_for(minutes{2});
    for (std::size_t i = 2; i < 5; ++i) {
        EXPECT_EQ(world.gossip(1).reachability(world.gossip(i).id()), gossip::Reachability::kAlive);
    }
    world.boot(0);
    const std::size_t fresh = world.add_machine();
    EXPECT_TRUE(world.join_by(fresh, 0, "n5"));
    EXPECT_TRUE(until_converged(world, seconds{60}));
    world.check();
    EXPECT_EQ(world.violations(), "");
}

// ---- Routers -----------------------------------------------------------------------------------

TEST(MeshSim, MachinesBehindRoutersAreReachedWhateverTheirPorts) {
    SCOPED_TRACE(test::seed_text());
    MeshWorld world{test::seed()};
    ASSERT_TRUE(world.begin(7, 3)) << world.violations();
    Duration worst{};
    for (int i = 0; i < test::rounds(10, 200); ++i) {
        world.run_for(minutes{4});
        const std::size_t moved = 4 + static_cast<std::size_t>(i) % 3;
        world.rebind(moved);
        const auto took = world.run_until(
            [&] {
                for (std::size_t j = 0; j < 4; ++j) {
                    const gossip::NodeId& id = world.gossip(moved).id();
                    if (world.gossip(j).seen_endpoint(id) != world.machine(moved).outside ||
                        world.gossip(j).reachability(id) != gossip::Reachability::kAlive) {
                        return false;
                    }
                }
                return true;
            },
            minutes{3},
            milliseconds{100});
        ASSERT_TRUE(took) << "round " << i;
        worst = std::max(worst, *took);
    }
    std::printf("note: a router takes another port: all others follow after %.1f s at worst\n",
                in_seconds(worst));
    EXPECT_LE(in_seconds(worst), 120);
    EXPECT_TRUE(until_converged(world, seconds{30}));
    world.check();
    EXPECT_EQ(world.violations(), "");
}

// ---- Size --------------------------------------------------------------------------------------

/// Joins of machines [first, last) by one token, a few at a time, each few until all are members.
bool join_many(MeshWorld& world, std::size_t first, std::size_t last) {
    constexpr std::size_t kAtOnce = 20;
    issuer::TokenOptions options;
    options.uses = static_cast<std::uint32_t>(last - first);
    const auto token = world.create_token(0, options);
    bool joined = token.has_value();
    for (std::size_t next = first; joined && next < last;) {
        const std::size_t begin = next;
        const std::size_t end = std::min(begin + kAtOnce, last);
        for (; next < end; ++next) {
            world.join(world.add_machine(), *token, "n" + std::to_string(next));
        }
        const auto are_members = [&world, begin, end] {
            for (std::size_t i = begin; i < end; ++i) {
                if (!world.machine(i).is_member()) {
                    return false;
                }
            }
            return true;
        };
        joined = world.run_until(are_members, seconds{40}).has_value();
    }
    return joined;
}

/// Everybody forgets all members but those two.
void forget_all_but(MeshWorld& world, std::size_t index, const std::vector<identity::Seed>& seeds) {
    Disk& disk = *world.machine(index).disk;
    disk.files.erase("members");
    mesh::State state{disk};
    auto network = state.network().value().value();
    network.seeds = seeds;
    ASSERT_TRUE(state.keep(network));
}

/// All that participants hold, their own part included, a member of a node. Ends them.
void expect_small(MeshWorld& world) {
    const std::size_t nodes = world.size();
    for (std::size_t i = 0; i < nodes; ++i) {
        world.machine(i).seen.device.clear();
    }
    const std::size_t before = allocated_bytes();
    for (std::size_t i = 0; i < nodes; ++i) {
        world.cut_power(i);
    }
    const double each = static_cast<double>(before - allocated_bytes()) /
                        static_cast<double>(nodes) / static_cast<double>(nodes);
    std::printf("note: %zu whole nodes hold %.0f bytes for each member\n", nodes, each);
    EXPECT_LE(each, 4'096);
}

TEST(MeshSim, AllRestartAtOnceKnowingTwoAndAHundredJoin) {
    SCOPED_TRACE(test::seed_text());
    const std::size_t size = test::rounds(60U, 1'000U);
    const std::size_t joins = size / 10;
    MeshWorld world{test::seed(), {"10.16.0.0/12", size / 10}};
    ASSERT_TRUE(world.begin(1));
    ASSERT_TRUE(join_many(world, 1, size)) << world.violations();
    ASSERT_TRUE(until_converged(world, seconds{60}));

    std::vector<identity::Seed> seeds;
    for (std::size_t i = 0; i < 2; ++i) {
        seeds.push_back({world.gossip(i).id(),
                         world.machine(i).node->certificate().gossip_key,
                         world.machine(i).outside});
    }
    for (std::size_t i = 0; i < size; ++i) {
        world.cut_power(i);
        forget_all_but(world, i, seeds);
    }
    for (std::size_t i = 0; i < size; ++i) {
        world.boot(i);
    }
    const auto knew = world.run_until(
        [&] { return world.gossip(size - 1).members().size() == size && world.converged(); },
        seconds{120},
        milliseconds{100});
    ASSERT_TRUE(knew);
    std::printf(
        "note: %zu whole nodes that know two of them start at once: all know all after "
        "%.1f s\n",
        size,
        in_seconds(*knew));
    EXPECT_LE(in_seconds(*knew), 60);

    world.run_for(seconds{30});
    const Time begun = world.now();
    ASSERT_TRUE(join_many(world, size, size + joins)) << world.violations();
    const Duration joined = world.now() - begun;
    const auto took = until_converged(world, seconds{60});
    ASSERT_TRUE(took);
    std::printf(
        "note: %zu joins by one token at %zu whole nodes: members after %.1f s, known to "
        "all %.1f s later\n",
        joins,
        size,
        in_seconds(joined),
        in_seconds(*took));
    EXPECT_LE(in_seconds(*took), 15);
    world.check();
    EXPECT_EQ(world.violations(), "");
    expect_small(world);
}

}  // namespace
}  // namespace weft::sim
