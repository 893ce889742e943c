// SPDX-License-Identifier: Apache-2.0
// What must hold at every moment of a simulated network of whole nodes, whatever happens to it. It
// knows what no node does: every certificate that was granted, and the true time.
//
//   I1 no node wants a prefix for two peers, nor one that no certificate covers
//   I4 nobody is withdrawn but by a revocation, and everybody else keeps the routes
//   I6 nobody knows more members than were certified
//   I7 no block is granted again but 24 h after a revocation, or to the node's replacement
//   I8 what a node's device, kept by the daemon's reconciler, sends and to whom, is what it wants,
//      and all of it has a route that leads there (device.hpp)
//   and each node's own certificate is good and its own, its order and epoch only grow
#pragma once

#include <map>
#include <string>
#include <vector>

#include <weft/mesh/participant.hpp>

#include "device.hpp"

namespace weft::sim {

class Watch {
  public:
    /// A node that was certified.
    struct Entry {
        identity::Certificate certificate;
        bool held = false;  ///< a machine has it
        std::optional<Time> revoked;
        bool replaced = false;  ///< by another on the same blocks
    };
    /// What is remembered of a machine from one look to the next.
    struct Machine {
        std::size_t index = 0;
        std::optional<gossip::Order> order;  ///< of its own record; nullopt: it starts anew
        std::uint64_t hash = 0;
        std::uint64_t version = 0;  ///< of its ledger
        Time since = Time::max();   ///< its ledger's news are no younger
        SimDevice device;
    };

    /// After each call of a machine's node.
    void look(Machine& machine,
              const mesh::Participant& node,
              const mesh::Output& out,
              bool check_peers,
              Time now);
    /// Everything about one node: peers, its own certificate, its own prefixes.
    void check(Machine& machine,
               const mesh::Participant& node,
               identity::UnixSeconds true_time,
               Time now);
    void violate(std::size_t machine, Time now, std::string what);

    [[nodiscard]] const Entry* find(const gossip::NodeId& id) const;
    [[nodiscard]] const Entry* find(const std::string& name) const;
    [[nodiscard]] bool is_revoked(const gossip::NodeId& id) const;
    [[nodiscard]] const std::map<gossip::NodeId, Entry>& entries() const { return entries_; }
    /// The first few; empty: all held.
    [[nodiscard]] std::string violations() const;

  private:
    void on_ledger(Machine& machine, const issuer::Issuer& issuer, Time now);
    void on_grant(const Machine& machine, const identity::Certificate& certificate, Time now);
    void on_own(Machine& machine, const mesh::Participant& node, Time now);
    void on_notice(const Machine& machine, const mesh::Notice& notice, Time now);
    void check_owners(Machine& machine, const mesh::Participant& node, Time now);
    [[nodiscard]] bool awaits_its_place(const mesh::Participant& node,
                                        const identity::Certificate& certificate) const;
    void check_blocks(const Machine& machine, const Entry& granted, Time now);

    std::map<gossip::NodeId, Entry> entries_;
    std::map<std::string, gossip::NodeId> by_text_;  // of names and ids
    std::vector<std::string> violations_;
};

}  // namespace weft::sim
