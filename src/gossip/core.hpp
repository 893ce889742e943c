// SPDX-License-Identifier: Apache-2.0
// What the parts of a gossip node share: who we are, whom we know, and how a datagram leaves.
#pragma once

#include <map>

#include <weft/gossip/allowance.hpp>
#include <weft/gossip/node.hpp>

#include "lives.hpp"
#include "rumours.hpp"
#include "sealer.hpp"

namespace weft::gossip {

/// Somebody says that a member is out of reach, and whoever brought that word: one liar is one
/// accuser.
struct Accuser {
    NodeId accuser;
    NodeId heard_from;
};

/// What this node has seen of another: volatile, never told as fact.
struct Contact {
    std::optional<net::Endpoint> seen;  ///< it answered a ping of ours from there
    Time heard{};                       ///< when it last did
    Time said{};                        ///< when it last said anything
    std::optional<Time> pinged;         ///< it last asked whether this node is there
    std::uint32_t candidate = 0;        ///< the next of its record's endpoints to try
    Reachability state = Reachability::kAlive;
    Time suspected{};
    std::vector<Accuser> accusers;
    Time dialled{};
    Time challenged{};
    Time synced{};
    bool sync_was_fruitful = true;
    bool synced_twice = false;  // asked more than once
    Time trust_asked{};
    Duration trust_pause{};  ///< until it is asked again
    // What it may make us send.
    Allowance trust_answers{2, std::chrono::seconds{1}};
    Allowance bucket_answers{2, std::chrono::seconds{1}};
    Allowance summaries{64, std::chrono::milliseconds{50}};
    Allowance wants{64, std::chrono::milliseconds{50}};
    Allowance ping_requests{4, std::chrono::milliseconds{250}};
    Allowance accusations{8, std::chrono::seconds{1}};
    Allowance inquiries{8, std::chrono::seconds{2}};
    Lives lives;        ///< of the machine, or machines, that have its key
    double pushes = 0;  ///< members sent to it, decaying
    Time pushes_since{};
    double bad_statements = 0;  ///< relayed by it, decaying
    Time bad_since{};
};

struct Core {
    /// An answer of a member is believed to come from where it is for so long.
    static constexpr Duration kSeenLifetime = std::chrono::minutes{3};

    Core(OwnIdentity own_identity,
         identity::TrustStore& trust_store,
         StatementCache& statements,
         RandomSource& random_source);

    [[nodiscard]] const NodeId& id() const { return own.certificate->id; }
    [[nodiscard]] bool is_own(const NodeId& node) const { return node == id(); }
    /// Of a member or a seed.
    [[nodiscard]] std::optional<crypto::PublicKey> gossip_key_of(const NodeId& node) const;
    /// Where to send to: where it was heard from lately, else its candidates in turn.
    [[nodiscard]] std::optional<net::Endpoint> endpoint_for(const NodeId& node, Time now);
    /// Whether `from` is where the node answers: only there go answers longer than their cause.
    [[nodiscard]] bool proven(const NodeId& node, const net::Endpoint& from, Time now);
    [[nodiscard]] bool is_usable(
        const NodeId& node) const;  ///< a member, not this, not left, not dead
    /// At most `count` different usable members, not `except`.
    [[nodiscard]] std::vector<NodeId> random_members(std::size_t count, const NodeId& except);

    [[nodiscard]] DatagramWriter writer(const Moment& moment,
                                        std::size_t size_max = kPlaintextMax) const;
    [[nodiscard]] TrustHeads trust_heads() const;
    /// What the header of everything we send says of trust; call after each change of it.
    void refresh_trust_digest();
    [[nodiscard]] std::uint32_t trust_count() const { return trust_count_; }
    [[nodiscard]] std::uint32_t trust_digest() const { return trust_digest_; }

    /// The echo by which a cookie for it would be known; nullopt where it could not be sent.
    std::optional<Echo> send(const NodeId& to,
                             const net::Endpoint& endpoint,
                             const DatagramWriter& datagram,
                             Actions& actions);
    /// In a datagram of `size` bytes that is not to be fragmented; 0: as send().
    std::optional<Echo> send_padded(const NodeId& to,
                                    const net::Endpoint& endpoint,
                                    DatagramWriter& datagram,
                                    std::size_t size,
                                    Actions& actions);
    void send_raw(const net::Endpoint& endpoint, std::vector<std::byte> bytes, Actions& actions);

    OwnIdentity own;
    identity::TrustStore& trust;
    StatementCache& cache;
    RandomSource& random;
    Membership members;
    Sealer sealer;
    Rumours rumours;
    std::map<NodeId, Contact> contacts;
    std::map<NodeId, Seed> seeds;
    std::map<NodeId, net::Endpoint>
        seen_by;  ///< where members see us, by the last kSeenByMax of them
    Counters counters;
    bool refute = false;  ///< someone accuses us: a newer record clears it

  private:
    std::uint32_t trust_count_ = 0;
    std::uint32_t trust_digest_ = 0;
};

}  // namespace weft::gossip
