// SPDX-License-Identifier: Apache-2.0
// Finds and mends differences between two nodes. Every datagram carries a digest of all members;
// where it differs, digests by bucket are sent, then summaries of the buckets that differ, then
// what one has and the other lacks: idle, that costs eight bytes a datagram. Only members at a
// proven address are answered, for answers here are longer than their causes.
#pragma once

#include <deque>
#include <set>

#include "core.hpp"

namespace weft::gossip {

class AntiEntropy {
  public:
    /// With one member, at most so often; where the last time brought nothing, at most each
    /// kFruitlessInterval. For revocations it is asked half as often each time: who has just come
    /// is not answered before it is known to be where it asks from.
    static constexpr Duration kInterval = std::chrono::seconds{1};
    static constexpr Duration kFruitlessInterval = std::chrono::seconds{30};
    static constexpr Duration kHurry = std::chrono::seconds{60};
    static constexpr Duration kBackOffMin = std::chrono::milliseconds{250};
    static constexpr double kPushesMore = 64;
    static constexpr std::size_t kRefusedMax = 1'024;
    static constexpr Duration kRefusedLifetime = std::chrono::minutes{10};
    /// While rumours are on their way small differences are theirs to mend, for so long at most.
    static constexpr Duration kRumoursInterval = std::chrono::seconds{5};
    static constexpr std::uint32_t kSmallDifference = 16;  // members
    /// Members are sent in portions, so that no receive buffer overflows.
    static constexpr Duration kPortionInterval = std::chrono::milliseconds{10};
    static constexpr std::size_t kPortion = 32;           // datagrams
    static constexpr std::size_t kQueueMax = 16'384;      // members
    static constexpr std::size_t kSummaryDatagrams = 24;  // for one set of buckets

    explicit AntiEntropy(Core& core) : core_(core) {}

    [[nodiscard]] Time next_timer() const;
    void on_timer(const Moment& moment, Actions& actions);

    void on_header(const NodeId& from,
                   const net::Endpoint& at,
                   const Header& header,
                   const Moment& moment,
                   Actions& actions);
    // All from proven addresses:
    void on_buckets(const NodeId& from,
                    const net::Endpoint& at,
                    const Buckets& theirs,
                    const Moment& moment,
                    Actions& actions);
    void on_summary(const NodeId& from,
                    const net::Endpoint& at,
                    const Summary& theirs,
                    const Moment& moment,
                    Actions& actions);
    /// Asks for members, whole.
    void want(const Want& want,
              const NodeId& to,
              const net::Endpoint& at,
              const Moment& moment,
              Actions& actions);
    void on_want(const NodeId& from, const Want& want, Time now);
    void on_trust_heads(const NodeId& from,
                        const net::Endpoint& at,
                        const TrustHeads& theirs,
                        const Moment& moment,
                        Actions& actions);
    /// It lacks that member, or holds something older than we do. False where it has been sent too
    /// much.
    bool push(const NodeId& to, const NodeId& node, Time now);
    /// Whoever has just started may lack something, and a sync's answers may be lost: each is asked
    /// once more soon. An issuer from a backup waits for what it brings.
    void on_start(Time now) { hurries_until_ = now + kHurry; }
    /// A sync brought something.
    void on_fruit() { back_off_ = {}; }
    /// An item that we do not take: not wanted again for a while, however often it is offered.
    /// What was refused for want of an issuer or a root may be good now: it is asked for at once.
    void on_signers_changed();
    void on_refused(const NodeId& node, std::uint64_t hash, Time now);
    void ask_trust(const NodeId& from,
                   const net::Endpoint& at,
                   const Moment& moment,
                   Actions& actions);

  private:
    [[nodiscard]] bool wants_sync(const Contact& contact, const Header& header, Time now) const;
    struct Push {
        NodeId to;
        NodeId node;
        friend auto operator<=>(const Push&, const Push&) = default;
    };
    [[nodiscard]] bool was_refused(const SummaryEntry& entry, Time now) const;

    Core& core_;
    std::deque<Push> queue_;
    std::set<Push> queued_;
    Time next_portion_ = Time::max();
    Time last_sync_{};
    Time hurries_until_{};
    Duration back_off_{};  ///< between syncs with anyone, while none brings anything
    std::map<std::pair<NodeId, std::uint64_t>, Time> refused_;
};

}  // namespace weft::gossip
