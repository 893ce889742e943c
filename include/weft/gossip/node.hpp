// SPDX-License-Identifier: Apache-2.0
// A node in gossip: SWIM's probing (Das et al., 2002) with Lifeguard's corrections (arXiv
// 1707.00788), rumours, and differences found by digests, over sealed datagrams. Pure: bytes and a
// time in, Actions out; one thread.
//
// What is signed (members, leaves, issuers, revocations) decides; what is observed (reachable or
// not) steers probing and status and nothing else. Certified members are dialled for ever.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <weft/base/clock.hpp>
#include <weft/gossip/membership.hpp>
#include <weft/identity/join_message.hpp>

namespace weft::gossip {

/// The two times that a call needs: one that only goes forward, and what is believed of the
/// calendar.
struct Moment {
    Time now;
    identity::TimeView wall;
};

/// How a member is, as far as this node knows. Advisory.
enum class Reachability : std::uint8_t { kAlive, kSuspect, kDead, kLeft };
/// "alive" | "suspect" | "dead" | "left"
[[nodiscard]] std::string_view to_string(Reachability reachability);

struct Event {
    enum class Kind : std::uint8_t {
        kMemberNew,
        kMemberChanged,
        kMemberWithdrawn,  ///< revoked, or its certificate is past its grace
        kReachability,
        kEquivocation,  ///< two statements of one order, or two lives that take turns: its owner
                        ///< lies, or a machine was cloned from it
        kOwnElsewhere,  ///< someone else signs with this node's key: a clone
        kTrustChanged,  ///< issuers, successors or revocations to be stored
    };
    Kind kind{};
    NodeId node;
};

/// What is to be done now, in this order: store the epoch, send, tell.
struct Actions {
    struct Datagram {
        net::Endpoint to;
        std::vector<std::byte> bytes;
        bool whole = false;  ///< measures its path: not to be fragmented (DF)
    };
    struct Join {  ///< a stranger's sealed request whose address was proven
        net::Endpoint from;
        Echo echo{};
        std::vector<std::byte> sealed;
    };
    struct PeerTime {  ///< of an answer to a ping: for identity::TrustedTime
        NodeId peer;
        ProbeNumber number = 0;  ///< the ping's
        identity::UnixSeconds theirs = 0;
        bool knows_the_same = false;  ///< members, issuers and revocations, when it answered
    };
    struct Asked {  ///< a member's Inquiry, for Node::answer
        NodeId from;
        net::Endpoint at;
        Inquiry inquiry;
    };
    struct Seen {  ///< a member's Sight of this node: its word, no more
        NodeId by;
        ProbeNumber number = 0;
        std::vector<std::byte> bytes;
    };
    std::optional<std::uint64_t> epoch;  ///< sync to disk, then call on_epoch_stored
    std::vector<Datagram> datagrams;
    std::vector<Event> events;
    std::vector<Join> joins;
    std::vector<PeerTime> peer_times;
    std::vector<Asked> asked;
    std::vector<Seen> seen;
};

using identity::Seed;

/// This node's part of its record: what order and signature are put around.
struct OwnRecord {
    bool translated = false;
    std::uint64_t boot_id = 0;  ///< drawn at each start
    std::uint16_t mtu = 0;
    std::uint32_t features = 0;
    std::string software;
    std::vector<net::Endpoint> endpoints;
    std::vector<NodeId> anchors;

    friend bool operator==(const OwnRecord&, const OwnRecord&) = default;
};

struct OwnIdentity {
    std::shared_ptr<const SignedCertificate> certificate;
    identity::SigningKey identity_key;
    crypto::PrivateKey gossip_key;
};

struct Counters {
    std::uint64_t datagrams_in = 0, datagrams_out = 0;
    std::uint64_t bytes_in = 0, bytes_out = 0;
    std::uint64_t unopened = 0;  ///< from strangers, or damaged
    std::uint64_t malformed = 0;
    std::uint64_t older = 0, over_budget = 0, equivocated = 0;
    std::uint64_t suspicions = 0, deaths = 0, refutations = 0;
    std::uint64_t syncs = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(identity::Rejected::kCount)> rejected{};
};

class Node {
  public:
    static constexpr std::size_t kSeedAddressesMax = 64;

    /// `trust` and `cache` outlive the node; trust changes only through it from now on. `epoch`:
    /// stored before, higher than any used before, no lower than Unix time where that is known.
    Node(OwnIdentity own,
         std::uint64_t epoch,
         identity::TrustStore& trust,
         StatementCache& cache,
         RandomSource& random);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Signs and spreads a record; called first at start, and with each change. The same again does
    /// nothing.
    void publish(const OwnRecord& record, const Moment& moment, Actions& actions);
    /// Signs off and tells a few at once; call on_timer for another second or so.
    void leave(const Moment& moment, Actions& actions);
    /// Whether anybody has been told; not yet where no other member is known.
    [[nodiscard]] bool has_signed_off() const;
    /// After Actions::epoch has reached the disk.
    void on_epoch_stored(const Moment& moment, Actions& actions);
    /// A new certificate of this node: renewed, or re-issued with other keys.
    void replace_identity(OwnIdentity own, const Moment& moment, Actions& actions);

    void add_seed(const Seed& seed);
    /// Where members may be, whoever they are: asked for ever while none answers there, beside all
    /// that is known. Replaces those of before; of more than kSeedAddressesMax some are left out.
    void set_seed_addresses(const std::vector<net::Endpoint>& addresses);
    /// What was known at the last stop; before the first timer.
    void restore(const MemberItem& item, const Moment& moment, Actions& actions);

    /// Statements that this node made or was given; spread where they are new.
    std::optional<identity::Rejected> add_issuer(ConstBytes bytes,
                                                 const Moment& moment,
                                                 Actions& actions);
    std::optional<identity::Rejected> add_revocation(ConstBytes bytes,
                                                     const Moment& moment,
                                                     Actions& actions);
    std::optional<identity::Rejected> add_successor(ConstBytes bytes,
                                                    const Moment& moment,
                                                    Actions& actions);

    void on_datagram(const net::Endpoint& from,
                     ConstBytes bytes,
                     const Moment& moment,
                     Actions& actions);
    [[nodiscard]] Time next_timer() const;
    void on_timer(const Moment& moment, Actions& actions);

    /// A ping out of turn, in a datagram of `size` bytes (0: its own, at most kPaddedSizeMax) that
    /// is not to be fragmented. Its number, for Actions::peer_times; nullopt: nobody it could be
    /// for.
    std::optional<ProbeNumber> ping(const NodeId& target,
                                    const net::Endpoint& to,
                                    std::size_t size,
                                    const Moment& moment,
                                    Actions& actions);

    /// Asks a member what it sees of this node, and answers one that has asked (`bytes`: at most
    /// kSightSizeMax). False: nobody it could be for.
    bool inquire(const NodeId& member,
                 const net::Endpoint& to,
                 const Inquiry& inquiry,
                 const Moment& moment,
                 Actions& actions);
    void answer(const Actions::Asked& asked,
                ConstBytes bytes,
                const Moment& moment,
                Actions& actions);

    /// The answer to Actions::Join, at most kDatagramSizeMax with its head.
    [[nodiscard]] static Actions::Datagram join_reply(const Actions::Join& join, ConstBytes sealed);

    [[nodiscard]] const NodeId& id() const;
    [[nodiscard]] const Membership& members() const;
    [[nodiscard]] Reachability reachability(const NodeId& id) const;
    /// Where it was heard from last, proven by an answer; candidates are in its record.
    [[nodiscard]] std::optional<net::Endpoint> seen_endpoint(const NodeId& id) const;
    /// When anything of it was last received; Time{}: never.
    [[nodiscard]] Time heard_from(const NodeId& id) const;
    /// When it last pinged this node; of one that is suspect or dead, since then. Such a one does
    /// not get what it is sent.
    [[nodiscard]] std::optional<Time> last_ping_of(const NodeId& id) const;
    /// Where two or more members see this node.
    [[nodiscard]] std::vector<net::Endpoint> own_seen_endpoints() const;
    [[nodiscard]] const Counters& counters() const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace weft::gossip
