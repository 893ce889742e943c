// SPDX-License-Identifier: Apache-2.0
// Networks of whole nodes in virtual time, under everything that can happen to machines and
// networks: what must hold (mesh_watch.hpp) holds at every moment, and afterwards all know the same
// in time. WEFT_SEED repeats a run, WEFT_FULL is the long version.
#include <gtest/gtest.h>

#include "mesh_chaos.hpp"
#include "seed.hpp"

namespace weft::sim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

double in_seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

/// The seed that repeats one of several rounds as the first.
std::uint64_t seed_of(int round) {
    return test::seed() + static_cast<std::uint64_t>(round);
}

void storm(std::uint64_t seed, const Chaos::Storm& shape, Duration length, Duration bound) {
    SCOPED_TRACE("WEFT_SEED=" + std::to_string(seed));
    MeshWorld world{seed};
    Chaos chaos{world, seed, shape};
    ASSERT_TRUE(chaos.begin()) << world.violations() << chaos.story();
    chaos.rage(length);
    ASSERT_EQ(world.violations(), "") << chaos.story();
    if (getenv("STORY")) {
        puts(chaos.story().c_str());
        for (size_t i = 0; i < world.size(); ++i)
            printf("%zu runs %d member %d ready %d\n",
                   i,
                   world.machine(i).runs(),
                   world.machine(i).is_member(),
                   world.machine(i).is_member() && world.machine(i).node->issuer() &&
                       world.machine(i).node->issuer()->ready());
    }
    const auto took = chaos.calm(bound);
    world.check();
    ASSERT_EQ(world.violations(), "") << chaos.story();
    ASSERT_TRUE(took) << "never converged\n" << chaos.story();
    std::uint64_t boots = 0;
    for (std::size_t i = 0; i < world.size(); ++i) {
        boots += world.machine(i).boots;
    }
    std::printf(
        "note: %zu nodes, %.0f s of chaos with %zu joins and %llu boots: all the same %.1f "
        "s after it\n",
        shape.machines,
        in_seconds(length),
        world.watch.entries().size(),
        static_cast<unsigned long long>(boots),
        in_seconds(*took));
}

// ---- Storage -----------------------------------------------------------------------------------

/// Four in a network, machine 4 in none; and the last is as all others behind no router.
bool settle_four(MeshWorld& world) {
    for (std::size_t i = 0; i < 5; ++i) {
        world.add_machine();
    }
    bool joined = world.init(0);
    for (std::size_t i = 1; i < 4; ++i) {
        joined = joined && world.join_by(i, 0, "n" + std::to_string(i));
    }
    return joined &&
           world.run_until([&] { return world.converged(); }, seconds{20}, milliseconds{100});
}

enum class Wish { kJoin, kReplace, kRevoke };

void wish(MeshWorld& world, Wish what) {
    issuer::TokenOptions options;
    if (what == Wish::kRevoke) {
        world.revoke(0, "n1");
        return;
    }
    if (what == Wish::kReplace) {
        options.replace = "n1";
    }
    if (const auto token = world.create_token(0, options)) {
        world.join(4, *token, what == Wish::kReplace ? "" : "n4");
        world.run_for(seconds{3});
    }
}

/// The issuer's power goes in its nth write from now; what was asked of it is asked again.
void tear(Wish what, std::uint64_t write, std::uint64_t seed) {
    SCOPED_TRACE("WEFT_SEED=" + std::to_string(seed) + ", wish " +
                 std::to_string(static_cast<int>(what)) + ", write " + std::to_string(write));
    MeshWorld world{seed};
    ASSERT_TRUE(settle_four(world)) << world.violations();
    world.machine(0).disk->writes_left = write;
    wish(world, what);
    world.cut_power(0);
    world.run_for(seconds{5});
    world.boot(0);
    world.run_for(seconds{10});
    if (what == Wish::kRevoke || !world.machine(4).is_member()) {
        wish(world, what);
    }
    world.run_for(seconds{40});
    // The next one is not held up by what became of that.
    EXPECT_TRUE(world.revoke(0, "n2"));
    EXPECT_TRUE(world.run_until([&] { return world.converged(); }, seconds{60}, milliseconds{100}));
    world.check();
    EXPECT_EQ(what == Wish::kRevoke || world.is_live(4), true);
    EXPECT_EQ(what == Wish::kJoin, world.is_live(1));
    EXPECT_EQ(world.violations(), "");
}

TEST(MeshSim, AnIssuerThatLosesItsPowerInAnyWriteForgetsNothingItSaid) {
    for (int round = 0; round < test::rounds(3, 40); ++round) {
        for (const Wish what : {Wish::kJoin, Wish::kReplace, Wish::kRevoke}) {
            for (std::uint64_t write = 0; write < 6; ++write) {
                tear(what, write, seed_of(round));
                if (testing::Test::HasFailure()) {
                    return;
                }
            }
        }
    }
}

// ---- Issuers -----------------------------------------------------------------------------------

TEST(MeshSim, AnIssuerThatAllHaveLeftAsksNobodyAfterItsRestart) {
    SCOPED_TRACE(test::seed_text());
    MeshWorld world{test::seed()};
    ASSERT_TRUE(settle_four(world)) << world.violations();
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

// ---- Everything at once ------------------------------------------------------------------------

TEST(MeshSim, ChaosLeavesOneOwnerEach) {
    for (int round = 0; round < test::rounds(8, 100); ++round) {
        storm(seed_of(round), {}, minutes{atoi(getenv("MIN") ? getenv("MIN") : "10")}, seconds{60});
        if (testing::Test::HasFailure()) {
            return;
        }
    }
}

}  // namespace
}  // namespace weft::sim
