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

void storm(std::uint64_t seed,
           const Chaos::Storm& shape,
           const std::string& pool,
           Duration length) {
    SCOPED_TRACE("WEFT_SEED=" + std::to_string(seed));
    constexpr Duration kBound = seconds{60};
    MeshWorld world{seed, {pool, 1}};
    Chaos chaos{world, seed, shape};
    ASSERT_TRUE(chaos.begin()) << world.violations() << chaos.story();
    chaos.rage(length);
    ASSERT_EQ(world.violations(), "") << chaos.story();
    const auto took = chaos.calm(kBound);
    world.check();
    ASSERT_EQ(world.violations(), "") << chaos.story();
    ASSERT_TRUE(took) << "never converged\n" << chaos.story();
    std::uint64_t boots = 0;
    std::size_t live = 0;
    for (std::size_t i = 0; i < world.size(); ++i) {
        boots += world.machine(i).boots;
        live += world.is_live(i) ? 1U : 0U;
    }
    std::printf(
        "note: %zu nodes, %.0f s of chaos, %zu certificates, %llu boots: %zu members know "
        "the same %.1f s after it\n",
        shape.machines,
        in_seconds(length),
        world.watch.entries().size(),
        static_cast<unsigned long long>(boots),
        live,
        in_seconds(*took));
}

// ---- Storage -----------------------------------------------------------------------------------

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
    ASSERT_TRUE(world.begin(4)) << world.violations();
    world.add_machine();
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
                tear(what, write, test::seed_of(round));
                if (testing::Test::HasFailure()) {
                    return;
                }
            }
        }
    }
}

// ---- Everything at once ------------------------------------------------------------------------

TEST(MeshSim, ChaosLeavesOneOwnerEach) {
    for (int round = 0; round < test::rounds(8, 60); ++round) {
        storm(test::seed_of(round), {}, "10.16.0.0/12", minutes{test::rounds(30, 240)});
        if (testing::Test::HasFailure()) {
            return;
        }
    }
}

/// Of few blocks, so that they come back after their 24 h.
TEST(MeshSim, DaysOfChaosLeaveOneOwnerEach) {
    const Chaos::Storm shape{24, 2, seconds{test::rounds(240, 30)}, true};
    storm(test::seed_of(0), shape, "10.16.0.0/17", hours{7 * 24});
}

}  // namespace
}  // namespace weft::sim
