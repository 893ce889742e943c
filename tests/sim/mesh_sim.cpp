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
    const auto took = chaos.calm(bound);
    world.check();
    ASSERT_EQ(world.violations(), "") << chaos.story();
    ASSERT_TRUE(took) << "never converged\n" << chaos.story();
    std::printf("note: %zu nodes, %.0f s of chaos: all the same %.1f s after it\n",
                shape.machines,
                in_seconds(length),
                in_seconds(*took));
}

TEST(MeshSim, ChaosLeavesOneOwnerEach) {
    for (int round = 0; round < test::rounds(8, 100); ++round) {
        storm(seed_of(round), {}, minutes{10}, seconds{60});
        if (HasFatalFailure()) {
            return;
        }
    }
}

}  // namespace
}  // namespace weft::sim
