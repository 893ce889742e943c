// SPDX-License-Identifier: Apache-2.0
// A network of whole nodes (mesh::Participant: state files, identity, gossip, issuer, joining) on
// machines that can lose their power in any write, have wrong clocks, are slow, or sit behind a
// translating router. Every call of a node is looked at by the Watch.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weft/mesh/participant.hpp>

#include "disk.hpp"
#include "mesh_watch.hpp"
#include "wire.hpp"

namespace weft::sim {

struct Machine {
    [[nodiscard]] bool runs() const { return node != nullptr; }
    [[nodiscard]] bool is_member() const { return runs() && node->is_member(); }
    [[nodiscard]] bool is_translated() const { return inside != outside; }

    std::size_t index = 0;
    net::Endpoint inside;   ///< what its interface has
    net::Endpoint outside;  ///< what others see: the router's where it is behind one
    /// Who may answer through the router, and until when.
    std::map<net::Endpoint, Time> holes;
    std::unique_ptr<SeededRandom> random;
    std::unique_ptr<Disk> disk;
    std::unique_ptr<mesh::Participant> node;  ///< nullptr: no power
    Time booted{};
    std::uint64_t boots = 0;
    Time timer = Time::max();
    std::int64_t clock_error_s = 0;
    Duration stall{};         ///< each timer comes this much late
    std::uint64_t bytes = 0;  ///< sent
    std::optional<Result<>> joined;
    Watch::Machine seen;
};

class MeshWorld : public Wire {
  public:
    struct Shape {
        std::string pool = "10.16.0.0/12";
        /// Look at the peers of one node in so many after each change: 1 is all of them.
        std::size_t check_one_in = 1;
    };
    explicit MeshWorld(std::uint64_t seed) : MeshWorld(seed, Shape{}) {}
    MeshWorld(std::uint64_t seed, Shape shape);

    // ---- Machines
    /// So many, the last of them translated, in one network that machine 0 made, and the others
    /// joined as n1, n2 and so on; and all know all.
    bool begin(std::size_t machines, std::size_t translated = 0);
    std::size_t add_machine(bool translated = false);
    /// With the power, or only the daemon: then the time since boot goes on.
    void boot(std::size_t index);
    void restart(std::size_t index);
    void cut_power(std::size_t index);
    /// The router gives it another port.
    void rebind(std::size_t index);
    [[nodiscard]] Disk::Files snapshot(std::size_t index) const;
    /// Without power; it starts from that.
    void restore(std::size_t index, const Disk::Files& files);

    // ---- The operator. False where the machine did not, or lost its power over it.
    bool init(std::size_t index);
    std::optional<std::string> create_token(std::size_t issuer,
                                            const issuer::TokenOptions& options = {});
    bool join(std::size_t index, const std::string& token, const std::string& name);
    /// Makes a token, joins with it until that is over, in at most a minute.
    bool join_by(std::size_t index, std::size_t issuer, const std::string& name);
    bool leave(std::size_t index);
    bool forget(std::size_t index);
    bool revoke(std::size_t issuer, const std::string& name);
    /// By the root's key on that machine; until it issues.
    bool make_issuer(std::size_t root, std::size_t index);

    // ---- What is there
    [[nodiscard]] std::size_t size() const { return machines_.size(); }
    [[nodiscard]] Machine& machine(std::size_t index) { return *machines_[index]; }
    [[nodiscard]] const gossip::Node& gossip(std::size_t index) const {
        return machines_[index]->node->gossip();
    }
    /// Whether a machine runs and is a member that nobody revoked.
    [[nodiscard]] bool is_live(std::size_t index) const;
    /// All that are live know the same: each other, and whom the issuer ever revoked.
    [[nodiscard]] bool converged() const;
    /// Looks at everything now.
    void check();
    [[nodiscard]] const std::string violations() const { return watch.violations(); }
    Watch watch;

  private:
    void happen(Happening& happening) override;
    [[nodiscard]] mesh::Clock clock(const Machine& machine) const;
    void start(Machine& machine);
    template <class Call>
    bool act(Machine& machine, Call&& call);
    void carry_out(Machine& machine, mesh::Output& out);
    void deliver(Machine& from, const gossip::Actions::Datagram& datagram);
    void schedule_timer(Machine& machine);

    Shape shape_;
    std::vector<std::unique_ptr<Machine>> machines_;
    std::map<net::Endpoint, std::size_t> by_endpoint_;
};

}  // namespace weft::sim
