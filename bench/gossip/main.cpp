// SPDX-License-Identifier: Apache-2.0
// weft-bench-gossip: a network of N whole gossip nodes in one process and in virtual time
// (tests/sim): how soon a change is known by all, what idle nodes exchange, how soon halves that
// were apart are one again. Times are virtual: the machine's speed does not count.
//
// usage: weft-bench-gossip NODES SEED; prints lines of: figure <tab> value <tab> unit
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "world.hpp"

namespace weft::bench {
namespace {

using sim::in_seconds;
using sim::World;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kChanges = 20;
constexpr Duration kTooLong = minutes{2};

void print(const char* figure, double value, const char* unit) {
    std::printf("%s\t%.4f\t%s\n", figure, value, unit);
}

World& converged(World& world) {
    world.start_converged();
    world.run_for(seconds{5});
    return world;
}

/// Changes of single records, each until all know it.
std::vector<double> changes(std::size_t nodes, std::uint64_t seed, double loss) {
    World world{seed, nodes};
    world.weather.loss = loss;
    converged(world);
    SeededRandom random{seed};
    std::vector<double> took;
    for (std::size_t i = 0; i < kChanges; ++i) {
        const std::size_t host = random.below(nodes);
        world.touch(host);
        const auto known = world.run_until([&] { return world.all_know(host); }, kTooLong);
        took.push_back(in_seconds(known.value_or(kTooLong)));
        world.run_for(seconds{1});
    }
    std::sort(took.begin(), took.end());
    return took;
}

/// UDP and IPv4 headers included, both directions.
double idle_bytes(std::size_t nodes, std::uint64_t seed) {
    World world{seed, nodes};
    return converged(world).bytes_each_second(seconds{60});
}

/// From the end of a partition of ten minutes, with a change in either half, until all know all.
double healing(std::size_t nodes, std::uint64_t seed) {
    World world{seed, nodes};
    converged(world);
    world.partition(nodes / 2);
    world.run_for(minutes{10});
    world.touch(0);
    world.touch(nodes - 1);
    world.heal();
    const auto healed = world.run_until([&] { return world.converged(); }, kTooLong);
    return in_seconds(healed.value_or(kTooLong));
}

int run(int argc, char** argv) {
    const unsigned long nodes = argc == 3 ? std::strtoul(argv[1], nullptr, 10) : 0;
    if (nodes < 2 || nodes > 10'000) {
        std::fputs("usage: weft-bench-gossip NODES (2-10000) SEED\n", stderr);
        return 2;
    }
    const std::uint64_t seed = std::strtoull(argv[2], nullptr, 10);
    const std::vector<double> quiet = changes(nodes, seed, 0);
    print("change/p50", quiet[quiet.size() / 2], "s");
    print("change/worst", quiet.back(), "s");
    const std::vector<double> lossy = changes(nodes, seed, 0.05);
    print("change_at_5_%_loss/p50", lossy[lossy.size() / 2], "s");
    print("change_at_5_%_loss/worst", lossy.back(), "s");
    print("partition/healed", healing(nodes, seed), "s");
    print("idle/bytes", idle_bytes(nodes, seed), "B/s a node");
    return 0;
}

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
    return weft::bench::run(argc, argv);
}
