// SPDX-License-Identifier: Apache-2.0
// SWIM's failure detector with Lifeguard's three corrections: a node that is slow itself waits
// longer (awareness), suspicion lasts the shorter the more accuse, and the accused is told with
// each ping (buddy). What it finds steers probing and status only. Members found dead are dialled
// for ever.
#pragma once

#include <set>

#include "core.hpp"

namespace weft::gossip {

class Prober {
  public:
    // memberlist's figures for local networks.
    static constexpr Duration kProbeInterval = std::chrono::seconds{1};
    static constexpr Duration kProbeTimeout = std::chrono::milliseconds{500};
    static constexpr std::size_t kIndirectProbes = 3;
    static constexpr std::uint32_t kAwarenessMax = 8;
    static constexpr double kSuspicionMultiplier = 4;
    static constexpr double kSuspicionMaxFactor = 6;
    static constexpr std::size_t kAccusersMax = 4;
    /// A probe round that starts this late says that this node is slow: its verdicts are void.
    static constexpr Duration kLate = std::chrono::milliseconds{300};

    explicit Prober(Core& core) : core_(core) {}

    void start(Time now);
    [[nodiscard]] Time next_timer() const;
    void on_timer(const Moment& moment, Actions& actions);

    /// `differs`: by its header the sender knows something else than we do, which only a proven
    /// address settles.
    void on_ping(const NodeId& from,
                 const net::Endpoint& at,
                 const Ping& ping,
                 bool differs,
                 const Moment& moment,
                 Actions& actions);
    /// Whether it was `from` that had to answer with that number: only then is its time worth
    /// anything.
    bool on_ack(const NodeId& from,
                const net::Endpoint& at,
                const Ack& ack,
                const Moment& moment,
                Actions& actions);
    void on_ping_request(const NodeId& from,
                         const net::Endpoint& at,
                         const PingRequest& request,
                         const Moment& moment,
                         Actions& actions);
    void on_nack(const Nack& nack);
    void on_accusation(const NodeId& from,
                       const Accusation& accusation,
                       const Moment& moment,
                       Actions& actions);
    /// It signed something newer than what it was accused of.
    void on_news_of(const NodeId& node, Actions& actions) { clear(node, actions); }

    /// A ping that is answered by a cookie; its target, once.
    std::optional<std::pair<NodeId, net::Endpoint>> take_by_echo(const Echo& echo,
                                                                 const net::Endpoint& from);
    /// Out of turn: it is said to be there, or its path is measured with a datagram of `size`
    /// bytes.
    std::optional<ProbeNumber> ping(const NodeId& target,
                                    const net::Endpoint& to,
                                    const Moment& moment,
                                    Actions& actions,
                                    std::size_t size = 0) {
        return send_ping(target, to, moment, actions, size);
    }
    /// A number for a ping that was built elsewhere (introductions).
    ProbeNumber expect_answer(const NodeId& target, const net::Endpoint& to, Time now);
    void forget(const NodeId& node);
    [[nodiscard]] std::uint32_t awareness() const { return awareness_; }
    void on_refuted() { worsen(1); }

  private:
    struct Pending {
        NodeId target;
        net::Endpoint to;
        std::optional<Echo> echo;
        Time expires;
        bool probe = false;  // this round's
        // On behalf of another: answered with its number.
        NodeId requester;
        net::Endpoint requester_at;
        std::optional<ProbeNumber> requested;
    };
    struct Probe {
        NodeId target;
        ProbeNumber number = 0;
        Time indirect_at;
        bool acked = false;
        bool asked = false;
        std::size_t helpers = 0;
        std::size_t nacks = 0;
    };
    static constexpr std::size_t kPendingMax = 1'024;
    static constexpr std::size_t kRequestedMax = 256;  // on behalf of others

    std::optional<ProbeNumber> send_ping(const NodeId& target,
                                         const net::Endpoint& to,
                                         const Moment& moment,
                                         Actions& actions,
                                         std::size_t size = 0);
    void start_probe(const Moment& moment, Actions& actions);
    void ping_elsewhere(const Moment& moment, Actions& actions);
    void ask_others(const Moment& moment, Actions& actions);
    void finish_probe(bool late, const Moment& moment, Actions& actions);
    std::optional<NodeId> next_target();
    void expire(const Moment& moment, Actions& actions);
    void dial_one(bool alone, const Moment& moment, Actions& actions);
    [[nodiscard]] bool is_alone();
    [[nodiscard]] bool is_advertised(const NodeId& node, const net::Endpoint& at) const;
    [[nodiscard]] std::optional<NodeId> longest_not_dialled(Time now, bool alone);
    void suspect(const Accusation& accusation,
                 const NodeId& heard_from,
                 Time now,
                 Actions& actions);
    [[nodiscard]] bool may_request(const NodeId& from, ProbeNumber number, Time now);
    void make_room();
    void judge_suspects(Time now, Actions& actions);
    void clear(const NodeId& node, Actions& actions);
    [[nodiscard]] Duration suspicion_timeout(std::size_t accusers) const;
    void worsen(std::uint32_t by) { awareness_ = std::min(kAwarenessMax, awareness_ + by); }
    void improve() { awareness_ -= awareness_ > 0 ? 1 : 0; }
    [[nodiscard]] Duration scaled(Duration duration) const { return duration * (awareness_ + 1); }

    Core& core_;
    std::map<ProbeNumber, Pending> pending_;
    std::optional<Probe> probe_;
    std::vector<std::uint32_t> round_;  // members' numbers: whoever has them when their turn comes
    std::set<NodeId> suspects_;
    std::uint32_t awareness_ = 0;
    Time next_probe_{};
    Time next_dial_{};
    Time next_nack_ = Time::max();
};

}  // namespace weft::gossip
