// SPDX-License-Identifier: Apache-2.0
// The parts of a gossip node and what joins them. node.cpp: timers, and what this node says of
// itself; node_receive.cpp: the way of a datagram.
#pragma once

#include "address_seeds.hpp"
#include "anti_entropy.hpp"
#include "prober.hpp"
#include "strangers.hpp"

namespace weft::gossip {

struct Node::Parts {
    static constexpr Duration kGossipInterval = std::chrono::milliseconds{200};
    /// What has just been heard goes on after this, at most each kGossipIntervalMin, and so does
    /// what did not fit into a datagram: a hundred joins at once are not one after the other's. The
    /// rest goes on in kGossipInterval.
    static constexpr Duration kGossipSoon = std::chrono::milliseconds{10};
    static constexpr Duration kGossipIntervalMin = std::chrono::milliseconds{50};
    static constexpr std::size_t kGossipTargets = 3;
    /// Rumours that are tried for one datagram: more than the smallest of them fill it.
    static constexpr std::size_t kRumoursTried = 75;
    /// Where there is nobody to tell.
    static constexpr Duration kLonelyInterval = std::chrono::seconds{1};
    static constexpr Duration kWithdrawInterval = std::chrono::minutes{1};
    /// Until then what is new to us is not so to others.
    static constexpr Duration kSettled = std::chrono::seconds{30};
    /// Bad statements of one relayer before nothing is taken from it, and how soon one is
    /// forgotten.
    static constexpr double kBadStatementsMax = 10;
    static constexpr Duration kBadStatementLifetime = std::chrono::seconds{6};
    /// An accusation from a datagram older than this is a replay.
    static constexpr identity::UnixSeconds kAccusationAgeMax = 600;

    Parts(OwnIdentity identity,
          std::uint64_t first_epoch,
          identity::TrustStore& trust,
          StatementCache& cache,
          RandomSource& random)
        : core(std::move(identity), trust, cache, random), epoch(first_epoch) {}

    /// Time as others confirm it: nothing is refused or withdrawn as expired on the word of our
    /// clock alone, for one that is years ahead would find everybody expired. One peer that agrees
    /// is enough.
    [[nodiscard]] Moment confirmed(const Moment& moment) const;
    static constexpr Duration kAgreementLifetime = std::chrono::minutes{10};

    struct Sender {
        NodeId id;
        net::Endpoint at;
        std::shared_ptr<const SignedCertificate> introduced;  ///< by this datagram
    };

    // node.cpp
    void start(Time now);
    void on_timer(const Moment& moment, Actions& actions);
    void sign_own(const Moment& moment, Actions& actions);
    void gossip(const Moment& moment, Actions& actions);
    void spread(const Rumour& rumour) { core.rumours.add(rumour); }
    /// `whole`: its certificate is news too.
    void spread_member(const NodeId& node, bool whole);
    /// At the end of each call: what it brought is sent soon.
    void settle(const Moment& moment, Actions& actions);
    std::optional<identity::Rejected> add_issuer(ConstBytes bytes,
                                                 const Moment& moment,
                                                 Actions& actions);
    std::optional<identity::Rejected> add_successor(ConstBytes bytes,
                                                    const Moment& moment,
                                                    Actions& actions);
    std::optional<identity::Rejected> add_revocation(ConstBytes bytes,
                                                     const Moment& moment,
                                                     Actions& actions);
    void on_trust_added(const Rumour& rumour, const Moment& moment, Actions& actions);
    void withdraw(const Moment& moment, Actions& actions);
    void forget(const NodeId& node);

    struct MemberNews {
        bool pushed = false;  ///< we lacked it
        bool whole = false;   ///< the certificate too
    };

    // node_receive.cpp
    void receive(const net::Endpoint& from,
                 ConstBytes datagram,
                 const Moment& moment,
                 Actions& actions);
    void receive_sealed(const net::Endpoint& from,
                        ConstBytes datagram,
                        const Moment& moment,
                        Actions& actions);
    void receive_introduction(const net::Endpoint& from,
                              ConstBytes datagram,
                              const Moment& moment,
                              Actions& actions);
    void receive_cookie(const net::Endpoint& from,
                        ConstBytes datagram,
                        const Moment& moment,
                        Actions& actions);
    void receive_tell(const net::Endpoint& from,
                      ConstBytes datagram,
                      const Moment& moment,
                      Actions& actions);
    void handle(const Sender& sender, ConstBytes plaintext, const Moment& moment, Actions& actions);
    void take(const Sender& sender,
              const Header& header,
              const Message& message,
              const Moment& moment,
              Actions& actions);
    void take_member(const Sender& sender, MemberItem item, const Moment& moment, Actions& actions);
    /// `offered`: of a member of whom `before` was the newest.
    void watch_for_clone(const Record& before,
                         const Record& offered,
                         Membership::Outcome outcome,
                         Time now,
                         Actions& actions);
    void take_own(const NodeId& from,
                  const MemberItem& item,
                  const Record& record,
                  const Moment& moment,
                  Actions& actions);
    [[nodiscard]] bool is_own_renewal(const MemberItem& item,
                                      const Record& record,
                                      const Moment& moment);
    [[nodiscard]] bool takes_turns_with(Record other, Record ours, std::uint64_t jump, Time now);
    void take_trust(const Sender& sender,
                    const Message& message,
                    const Moment& moment,
                    Actions& actions);
    void on_news(const Sender& sender,
                 const NodeId& node,
                 Membership::Outcome outcome,
                 const MemberNews& news,
                 const Moment& moment,
                 Actions& actions);
    void on_rejected(const Sender& sender,
                     identity::Rejected reason,
                     const Moment& moment,
                     Actions& actions);
    [[nodiscard]] bool is_barred(const NodeId& relayer, Time now);
    void charge(const NodeId& relayer, Time now);

    Core core;
    Prober prober{core};
    AntiEntropy anti_entropy{core};
    Strangers strangers{core};
    AddressSeeds address_seeds{core};

    std::uint64_t epoch;
    std::uint64_t sequence = 0;
    std::optional<std::uint64_t> epoch_to_store;  ///< nothing is signed until it is
    std::optional<OwnRecord> own;
    bool own_is_news = true;  ///< our certificate, to the others
    bool left = false;
    bool signed_off = false;  // somebody was told
    /// Below what others take of one node (membership.cpp), so that what it says is known at once
    /// and not refused: more of it waits, and only the last counts.
    Allowance own_records{4, std::chrono::seconds{11}};
    bool own_waits = false;
    Allowance jumps{5, std::chrono::seconds{10}};
    Lives own_lives;
    Allowance pushed_rumours{20, std::chrono::milliseconds{50}};

    std::optional<Time> started;
    std::optional<Time> agreed;  ///< a peer's clock was near ours
    Time last_gossip{};
    Time next_gossip = Time::max();
    Time next_withdraw{};
};

}  // namespace weft::gossip
