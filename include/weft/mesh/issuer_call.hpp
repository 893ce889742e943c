// SPDX-License-Identifier: Apache-2.0
// One sealed request to one issuer, the same in every datagram, until that issuer answers it. Joins
// and renewals are both asked in this way. Pure: bytes and a time in, datagrams out; one owner, one
// thread. The other side is gossip/strangers (cookies) and issuer::Issuer::on_request.
//
//   request, zero cookie --> cookie --> request, cookie --> reply, opened: over
//        ^ each endpoint in turn, again    |                 '--> "wait": again, for longer
//        '-- each 1 s, later 2 and 4 s ----'
//
// Datagrams: gossip/messages.hpp, 0x12 to 0x14. Design 6 (Joining).
#pragma once

#include <optional>
#include <vector>

#include <weft/gossip/messages.hpp>
#include <weft/gossip/node.hpp>
#include <weft/identity/join_message.hpp>

namespace weft::mesh {

class IssuerCall {
  public:
    /// Between two requests to one endpoint: at first, and at most.
    static constexpr Duration kRoundFirst = std::chrono::seconds{1};
    static constexpr Duration kRoundMax = std::chrono::seconds{4};
    /// Rounds through all endpoints before each is twice as long as the one before.
    static constexpr unsigned kRoundsBeforeBackOff = 4;
    /// An issuer that says "wait" is asked again after this long.
    static constexpr Duration kWaitPause = std::chrono::seconds{2};
    /// From the start on: without any answer, and where the issuer said "wait".
    static constexpr Duration kDeadline = std::chrono::seconds{30};
    static constexpr Duration kWaitDeadline = std::chrono::seconds{60};
    /// Cookies of one endpoint that are acted on between two of its turns: who forges them cannot
    /// make this machine send at will, nor shut out the true one at once.
    static constexpr unsigned kCookiesPerTurn = 4;

    using Datagram = gossip::Actions::Datagram;

    struct Parts {
        std::vector<std::byte> sealed;  ///< by seal_join_request: kJoinRequestSize, asserted
        crypto::PrivateKey reply_key;   ///< the request's
        crypto::PublicKey issuer;       ///< the request is sealed to it
        std::vector<net::Endpoint> at;  ///< of the issuer, at least one: asserted
    };
    /// Asks nobody yet: the first timer is due at once.
    IssuerCall(Parts parts, Time now);

    /// Asks whose turn it is, or gives up. Appends to `out`.
    void on_timer(Time now, std::vector<Datagram>& out);
    /// When to call on_timer; Time::max() once it is over.
    [[nodiscard]] Time next_timer() const;

    /// Any datagram of the socket, whatever it is; whether it answers this call. Appends to `out`,
    /// at most one of kDatagramSizeMax bytes to one of the endpoints.
    bool on_datagram(const net::Endpoint& from,
                     ConstBytes bytes,
                     Time now,
                     std::vector<Datagram>& out);

    struct Answer {
        identity::JoinReply reply;  ///< never kWait
        net::Endpoint from;
    };
    /// nullopt: pending, or gave up. Once there, it does not change.
    [[nodiscard]] const std::optional<Answer>& answer() const { return answer_; }
    [[nodiscard]] bool gave_up() const { return gave_up_; }
    [[nodiscard]] bool is_over() const { return answer_ || gave_up_; }

    // What there is to say of a call that gave up.
    [[nodiscard]] bool told_to_wait() const { return waiting_; }
    [[nodiscard]] Duration patience() const { return deadline_ - start_; }
    [[nodiscard]] std::vector<net::Endpoint> asked() const;
    [[nodiscard]] std::vector<net::Endpoint> seen() const;  ///< those that sent a cookie

    /// Datagrams that changed nothing, by reason.
    struct Ignored {
        std::uint64_t from_elsewhere = 0;  ///< no endpoint that was asked
        std::uint64_t malformed = 0;       ///< not a cookie or join reply of this version
        std::uint64_t foreign = 0;         ///< echoes another request
        std::uint64_t forged = 0;          ///< not sealed by the issuer, or damaged
        std::uint64_t surplus = 0;         ///< more cookies or "wait" than were asked for
        std::uint64_t late = 0;            ///< after it was over
    };
    [[nodiscard]] const Ignored& ignored() const { return ignored_; }

  private:
    struct Target {
        net::Endpoint at;
        gossip::Cookie cookie{};  // zero: none yet
        bool asked = false;
        bool seen = false;           // sent a cookie
        bool awaits_answer = false;  // asked since it last said "wait"
        unsigned cookies_left = 0;   // of kCookiesPerTurn
    };

    [[nodiscard]] Duration round() const;
    void send(const Target& target, std::vector<Datagram>& out) const;
    [[nodiscard]] Target* asked(const net::Endpoint& from);
    void on_cookie(Target& target, ConstBytes cookie, std::vector<Datagram>& out);
    void on_reply(Target& target, ConstBytes sealed, Time now);
    void on_wait(Target& target, Time now);

    std::vector<std::byte> sealed_;
    crypto::PrivateKey reply_key_;
    crypto::PublicKey issuer_;
    std::vector<Target> targets_;

    Time start_;
    std::size_t turn_ = 0;  // in targets_
    unsigned rounds_ = 0;   // through all of them
    Time next_ask_;
    Time deadline_;
    bool waiting_ = false;  // the issuer said so
    bool gave_up_ = false;
    std::optional<Answer> answer_;
    Ignored ignored_;
};

}  // namespace weft::mesh
