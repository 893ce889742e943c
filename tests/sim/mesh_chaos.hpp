// SPDX-License-Identifier: Apache-2.0
// What happens to a network of whole nodes, by a seeded dice: power cuts in any write, restarts,
// joins, leaves, revocations, replacements, partitions of every shape, wrong clocks, bad weather,
// slow machines, routers that change ports, full disks and old ones put back. Machine 0 made the
// network and issues. After a storm calm() mends everything and waits.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "mesh_world.hpp"

namespace weft::sim {

class Chaos {
  public:
    struct Storm {
        std::size_t machines = 8;
        std::size_t translated = 2;  ///< of them, behind a router; the last ones
        Duration pace = seconds{3};  ///< between two happenings, on average
        bool rollbacks = true;
    };
    Chaos(MeshWorld& world, std::uint64_t seed, const Storm& storm);

    /// Machines, a network, everybody in it.
    bool begin();
    void rage(Duration length);
    /// Everything is mended; how long until all know the same; nullopt: not in time.
    std::optional<Duration> calm(Duration limit);
    /// The last happenings, for whoever looks for the cause of a failure.
    [[nodiscard]] std::string story() const;

  private:
    struct Tale {  // of a machine
        std::string token;
        std::string name;
        bool left = false;  // signed off, to be forgotten
        std::optional<Disk::Files> old_disk;
    };

    void happen_something();
    void pass(Duration wait);
    void tend(std::size_t index);
    void tell(const std::string& what);
    [[nodiscard]] std::size_t any() { return random_.below(world_.size()); }
    /// Not the issuer.
    [[nodiscard]] std::size_t any_other() { return 1 + random_.below(world_.size() - 1); }
    /// Who may leave or be revoked: one beside the issuer stays, for an issuer that restarts where
    /// all others are gone waits for one of them.
    [[nodiscard]] std::size_t any_guest() { return 2 + random_.below(world_.size() - 2); }
    bool chance(unsigned one_in) { return random_.below(one_in) == 0; }

    void power();
    void join(std::size_t index);
    void leave();
    void revoke();
    void replace();
    void part();
    void set_clock();
    void change_weather();
    void slow_down();
    void change_port();
    void fill_disk();
    void roll_back();
    void restart_all();

    MeshWorld& world_;
    SeededRandom random_;
    Storm storm_;
    std::vector<Tale> tales_;
    std::deque<std::string> story_;
    std::uint64_t names_ = 0;
    std::vector<std::string> gone_;  // names of machines that forgot the network
};

}  // namespace weft::sim
