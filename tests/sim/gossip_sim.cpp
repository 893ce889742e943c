// SPDX-License-Identifier: Apache-2.0
// Networks of whole nodes in virtual time: what one says is known by all in time, through loss,
// partitions and crashes, and nothing is withdrawn for silence. WEFT_SEED repeats a run, WEFT_FULL
// is the long version.
#include <algorithm>

#include <gtest/gtest.h>

#include "seed.hpp"
#include "world.hpp"

namespace weft::sim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

/// The worst of a hundred; said as a note, so that the figures are kept with the results.
double p99(std::vector<double>& samples, const char* what) {
    std::ranges::sort(samples);
    const double worst = samples[samples.size() * 99 / 100];
    std::printf("note: %s: p50 %.2f s, p99 %.2f s of %zu\n",
                what,
                samples[samples.size() / 2],
                worst,
                samples.size());
    return worst;
}

/// How long changes of single records take to be known by all.
std::vector<double> convergence(std::size_t hosts,
                                std::size_t changes,
                                double loss,
                                std::uint64_t seed) {
    World world{seed, hosts};
    world.weather.loss = loss;
    world.start_converged();
    world.run_for(seconds{1});
    SeededRandom random{seed};
    std::vector<double> took;
    for (std::size_t i = 0; i < changes; ++i) {
        const std::size_t host = random.below(hosts);
        world.touch(host);
        const auto known = world.run_until([&] { return world.all_know(host); }, seconds{60});
        took.push_back(known ? in_seconds(*known) : 60);
        world.run_for(seconds{1});
    }
    EXPECT_EQ(world.routes_withdrawn(), 0U);
    EXPECT_TRUE(world.one_owner_each());
    return took;
}

struct GossipSim : testing::Test {
    testing::ScopedTrace trace{__FILE__, __LINE__, test::seed_text()};
};

TEST_F(GossipSim, AChangeIsKnownByAHundredWithinASecond) {
    std::vector<double> quiet;
    std::vector<double> lossy;
    for (int i = 0; i < test::rounds(20, 200); ++i) {
        const std::uint64_t seed = test::seed_of(i);
        std::ranges::copy(convergence(100, 3, 0, seed), std::back_inserter(quiet));
        std::ranges::copy(convergence(100, 3, 0.05, seed), std::back_inserter(lossy));
    }
    EXPECT_LE(p99(quiet, "one change, 100 nodes"), 1);
    EXPECT_LE(p99(lossy, "one change, 100 nodes, 5 % loss"), 2);
}

TEST_F(GossipSim, AChangeIsKnownByAThousandWithinTwoSeconds) {
    std::vector<double> took;
    for (int i = 0; i < test::rounds(2, 5); ++i) {
        std::ranges::copy(convergence(1'000, 2, 0, test::seed_of(i)), std::back_inserter(took));
    }
    EXPECT_LE(p99(took, "one change, 1,000 nodes"), 2);
}

/// Ten thousand take 16 GiB: what each knows of each other, a hundred million times.
TEST_F(GossipSim, AChangeIsKnownByVeryMany) {
    const std::size_t hosts = test::rounds(200U, 10'000U);
    World world{test::seed(), hosts};
    world.start_converged();
    world.run_for(seconds{5});
    const double idle = world.bytes_each_second(seconds{10});
    std::vector<double> took;
    for (std::size_t i = 0; i < 5; ++i) {
        world.touch(i * hosts / 5);
        const auto known =
            world.run_until([&] { return world.all_know(i * hosts / 5); }, seconds{30});
        ASSERT_TRUE(known);
        took.push_back(in_seconds(*known));
    }
    std::printf("note: %zu idle nodes: %.0f B/s each\n", hosts, idle);
    EXPECT_LE(p99(took, "one change among very many"), 4);
    EXPECT_LE(idle, 1'000);
    EXPECT_EQ(world.routes_withdrawn(), 0U);
}

TEST_F(GossipSim, IdleNodesExchangeUnderAKilobyteEachSecond) {
    for (const std::size_t hosts : {2U, 3U, 30U, 300U}) {
        World world{test::seed(), hosts};
        world.start_converged();
        world.run_for(seconds{20});
        const double each = world.bytes_each_second(seconds{20});
        std::printf("note: %zu idle nodes: %.0f B/s each\n", hosts, each);
        EXPECT_LE(each, 1'000) << hosts << " nodes";
    }
}

TEST_F(GossipSim, NodesThatStartAtOnceFindEachOther) {
    for (const std::size_t hosts : {1U, 2U, 3U, 30U, 100U}) {
        World world{test::seed(), hosts};
        for (std::size_t i = 0; i < hosts; ++i) {
            world.start(i);
        }
        const auto took = world.run_until([&] { return world.converged(); }, seconds{30});
        EXPECT_TRUE(took) << hosts << " nodes";
    }
}

TEST_F(GossipSim, JoinsOneAfterTheOtherAreKnownByAll) {
    const std::size_t hosts = test::rounds(100U, 1'000U);
    World world{test::seed(), hosts};
    world.start_converged();
    world.run_for(seconds{3});
    for (std::size_t i = 0; i < hosts / 10; ++i) {
        world.start(world.add_host());
        world.run_for(Duration{seconds{10}} / static_cast<int>(hosts / 10));
    }
    const auto took = world.run_until([&] { return world.converged(); }, seconds{60});
    ASSERT_TRUE(took);
    std::printf("note: %zu joins in 10 s at %zu nodes: known %.1f s after the first\n",
                hosts / 10,
                hosts,
                10 + in_seconds(*took));
    EXPECT_LE(10 + in_seconds(*took), 15);
}

// ---- Partitions, crashes -----------------------------------------------------------------------

void partition_heals(std::size_t hosts, Duration length) {
    World world{test::seed(), hosts};
    world.start_converged();
    world.run_for(seconds{5});
    world.partition(hosts / 2);
    world.run_for(length / 2);
    world.touch(0);
    world.touch(hosts - 1);
    world.run_for(length / 2);
    EXPECT_EQ(world.host(0).node->reachability(world.host(hosts - 1).certificate->id),
              gossip::Reachability::kDead);
    world.heal();
    const auto took = world.run_until([&] { return world.converged(); }, minutes{5});
    ASSERT_TRUE(took);
    std::printf("note: %zu nodes, %.0f s apart: healed in %.1f s\n",
                hosts,
                in_seconds(length),
                in_seconds(*took));
    EXPECT_LE(in_seconds(*took), 30);
    EXPECT_EQ(world.routes_withdrawn(), 0U);
    const auto alive = world.run_until(
        [&] {
            for (std::size_t i = 1; i < hosts; ++i) {
                if (world.host(0).node->reachability(world.host(i).certificate->id) !=
                    gossip::Reachability::kAlive) {
                    return false;
                }
            }
            return true;
        },
        minutes{10},
        seconds{1});
    EXPECT_TRUE(alive) << "some are still taken for dead";
}

TEST_F(GossipSim, PartitionsHeal) {
    partition_heals(2, minutes{2});
    partition_heals(3, hours{24});
    partition_heals(24, minutes{2});
    partition_heals(24, hours{1});
    if (test::is_full()) {
        partition_heals(24, hours{24});
        partition_heals(24, hours{7 * 24});
        partition_heals(100, hours{1});
    }
}

TEST_F(GossipSim, ADeadNodeKeepsItsRoutesAndComesBack) {
    World world{test::seed(), 30};
    world.start_converged();
    world.run_for(seconds{5});
    world.kill(7);
    const gossip::NodeId dead = world.host(7).certificate->id;
    const auto noticed = world.run_until(
        [&] { return world.host(0).node->reachability(dead) == gossip::Reachability::kDead; },
        minutes{5},
        milliseconds{100});
    ASSERT_TRUE(noticed);
    std::printf("note: a death among 30: known to one after %.1f s\n", in_seconds(*noticed));
    EXPECT_EQ(world.routes_withdrawn(), 0U);
    EXPECT_NE(world.host(0).node->members().find(dead), nullptr);
    world.start(7);
    EXPECT_TRUE(
        world.run_until([&] { return world.converged() && world.all_know(7); }, seconds{10}));
    EXPECT_EQ(world.host(0).node->reachability(dead), gossip::Reachability::kAlive);
}

TEST_F(GossipSim, AllKilledAtOnceKnowEachOtherAgain) {
    World world{test::seed(), 10};
    world.start_converged();
    world.run_for(seconds{30});
    for (std::size_t i = 0; i < world.size(); ++i) {
        world.store(i);
        world.kill(i);
    }
    world.run_for(minutes{1});
    for (std::size_t i = 0; i < world.size(); ++i) {
        world.start(i);
    }
    EXPECT_TRUE(world.run_until([&] { return world.converged(); }, seconds{5}));
}

TEST_F(GossipSim, WhoLeavesIsGoneAndWhoComesBackIsThere) {
    World world{test::seed(), 30};
    world.start_converged();
    world.run_for(seconds{5});
    world.leave(4);
    world.run_for(seconds{1});
    world.kill(4);
    const gossip::NodeId gone = world.host(4).certificate->id;
    EXPECT_TRUE(world.run_until(
        [&] {
            for (std::size_t i = 0; i < world.size(); ++i) {
                if (world.host(i).node &&
                    world.host(i).node->reachability(gone) != gossip::Reachability::kLeft) {
                    return false;
                }
            }
            return true;
        },
        seconds{5}));
    world.start(4);
    EXPECT_TRUE(
        world.run_until([&] { return world.converged() && world.all_know(4); }, seconds{10}));
}

TEST_F(GossipSim, ANewAddressIsKnownAndUsed) {
    World world{test::seed(), 30};
    world.start_converged();
    world.run_for(seconds{60});
    world.move_to(3, *net::Endpoint::parse("198.51.100.3:1111"));
    EXPECT_TRUE(world.run_until([&] { return world.all_know(3); }, seconds{5}));
    world.run_for(minutes{3});
    for (std::size_t i = 0; i < world.size(); ++i) {
        if (i != 3) {
            EXPECT_EQ(world.host(i).node->reachability(world.host(3).certificate->id),
                      gossip::Reachability::kAlive);
        }
    }
    EXPECT_EQ(world.clones_told(), 0U);
}

// ---- Slow nodes, wrong clocks, lost disks ------------------------------------------------------

TEST_F(GossipSim, LossAndSlowNodesWithdrawNothing) {
    World world{test::seed(), 50};
    world.weather.loss = 0.05;
    world.weather.duplication = 0.05;
    world.weather.delay_max = milliseconds{120};  // reorders
    for (std::size_t i = 0; i < 5; ++i) {
        world.host(i).stall = milliseconds{1'500};
    }
    world.start_converged();
    world.run_for(minutes{test::rounds(5, 60)});
    EXPECT_EQ(world.routes_withdrawn(), 0U);
    EXPECT_TRUE(world.run_until([&] { return world.converged(); }, seconds{10}));
    std::uint64_t suspicions = 0;
    std::uint64_t deaths = 0;
    for (std::size_t i = 0; i < world.size(); ++i) {
        suspicions += world.host(i).suspicions;
        deaths += world.host(i).node->counters().deaths;
    }
    EXPECT_EQ(world.clones_told(), 0U);
    std::printf("note: 50 nodes, 5 slow, 5 %% loss: %.2f suspicions and %.2f deaths a node\n",
                static_cast<double>(suspicions) / 50,
                static_cast<double>(deaths) / 50);
}

TEST_F(GossipSim, WrongClocksChangeNothing) {
    constexpr std::int64_t kYear = 365LL * 86'400;
    World world{test::seed(), 12};
    world.host(1).clock_error_s = -57LL * kYear;  // 1970
    world.host(2).clock_error_s = 2 * kYear;
    world.host(3).clock_error_s = -2 * kYear;
    for (std::size_t i = 0; i < world.size(); ++i) {
        world.start(i);
    }
    EXPECT_TRUE(world.run_until([&] { return world.converged(); }, seconds{30}));
    world.run_for(minutes{3});
    world.host(1).clock_error_s = 0;
    world.host(2).clock_error_s = 0;
    world.host(4).clock_error_s = 2 * kYear;  // an NTP server gone mad
    world.host(5).clock_error_s = -3'600LL * 5;
    world.run_for(minutes{3});
    EXPECT_EQ(world.routes_withdrawn(), 0U);
    world.touch(4);
    EXPECT_TRUE(world.run_until([&] { return world.all_know(4); }, seconds{5}));
    world.start(world.add_host());
    EXPECT_TRUE(world.run_until([&] { return world.converged(); }, seconds{10}));
    EXPECT_EQ(world.clones_told(), 0U);
}

TEST_F(GossipSim, ADiskFromTheBackupIsJumpedPast) {
    World world{test::seed(), 10};
    world.start_converged();
    world.run_for(seconds{5});
    world.touch(6);
    world.run_for(seconds{5});
    const gossip::NodeId id = world.host(6).certificate->id;
    const gossip::Order before = world.host(0).node->members().find(id)->order();
    world.kill(6);
    world.host(6).stored_epoch = 1;
    world.host(6).clock_error_s = -57LL * 365 * 86'400;
    world.start(6);
    EXPECT_TRUE(world.run_until([&] { return world.all_know(6); }, seconds{30}));
    EXPECT_GT(world.host(0).node->members().find(id)->order(), before);
    world.run_for(minutes{1});
    EXPECT_EQ(world.clones_told(), 0U);
}

/// How long it takes until each machine with one key tells of the others, and all others of them.
std::optional<Duration> time_to_notice(std::size_t hosts, std::size_t copies, Duration limit) {
    World world{test::seed(), hosts};
    world.start_converged();
    world.run_for(seconds{5});
    world.store(1);
    for (std::size_t i = 0; i < copies; ++i) {
        world.start(world.clone(1));
    }
    const gossip::NodeId id = world.host(1).certificate->id;
    const auto noticed = [&] {
        for (std::size_t i = 0; i < world.size(); ++i) {
            const Host& host = world.host(i);
            if ((host.certificate->id == id ? host.seen_elsewhere : host.seen_twice) == 0) {
                return false;
            }
        }
        return true;
    };
    const auto took = world.run_until(noticed, limit);
    EXPECT_EQ(world.routes_withdrawn(), 0U);
    return took;
}

TEST_F(GossipSim, AClonedMachineIsNamedByAllSoon) {
    for (const std::size_t hosts : {2U, 3U, 10U, 50U}) {
        const auto took = time_to_notice(hosts, 1, seconds{30});
        ASSERT_TRUE(took) << hosts;
        std::printf(
            "note: a clone among %zu: named by all after %.2f s\n", hosts, in_seconds(*took));
    }
    EXPECT_TRUE(time_to_notice(10, 3, minutes{5}));
    EXPECT_TRUE(time_to_notice(2, 3, minutes{15}));
}

TEST_F(GossipSim, ACloneIsNoticedByBothAndCostsNobodyMuch) {
    World world{test::seed(), 10};
    world.start_converged();
    world.run_for(seconds{5});
    world.store(5);
    const std::size_t copy = world.clone(5);
    world.start(copy);
    world.run_for(minutes{2});
    EXPECT_GT(world.host(5).seen_elsewhere, 0U);
    EXPECT_GT(world.host(copy).seen_elsewhere, 0U);
    EXPECT_EQ(world.routes_withdrawn(), 0U);
    const std::uint64_t before = world.host(0).bytes;
    world.run_for(minutes{1});
    EXPECT_LE(world.host(0).bytes - before, 60U * 2'000U);
    EXPECT_TRUE(world.one_owner_each());
}

// ---- Revocation --------------------------------------------------------------------------------

TEST_F(GossipSim, ARevokedNodeIsGoneEverywhereAndStaysGone) {
    World world{test::seed(), 100};
    world.start_converged();
    world.run_for(seconds{5});
    const gossip::NodeId id = world.host(9).certificate->id;
    const auto gone = [&] {
        for (std::size_t i = 0; i < world.size(); ++i) {
            if (i != 9 && world.host(i).node->members().find(id) != nullptr) {
                return false;
            }
        }
        return true;
    };
    world.revoke(9, 0);
    const auto took = world.run_until(gone, seconds{5});
    ASSERT_TRUE(took);
    std::printf("note: a revocation among 100: everywhere after %.2f s\n", in_seconds(*took));
    const auto knows = [&] {
        const identity::Certificate& own = world.host(9).certificate->certificate;
        return world.host(9).trust->is_revoked(own.identity_key, own.serial);
    };
    EXPECT_TRUE(world.run_until(knows, seconds{10})) << "nobody told it";
    world.kill(9);
    world.start(9);
    world.run_for(seconds{30});
    EXPECT_TRUE(gone()) << "it came back";
}

TEST_F(GossipSim, ARevocationReachesTheOtherHalfAfterAPartition) {
    World world{test::seed(), 20};
    world.start_converged();
    world.run_for(seconds{5});
    world.partition(10);
    world.revoke(3, 0);
    world.run_for(minutes{5});
    EXPECT_NE(world.host(15).node->members().find(world.host(3).certificate->id), nullptr);
    world.heal();
    EXPECT_TRUE(world.run_until(
        [&] {
            for (std::size_t i = 0; i < world.size(); ++i) {
                if (i != 3 &&
                    world.host(i).node->members().find(world.host(3).certificate->id) != nullptr) {
                    return false;
                }
            }
            return true;
        },
        seconds{30}));
}

}  // namespace
}  // namespace weft::sim
