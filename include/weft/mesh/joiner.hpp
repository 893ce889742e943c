// SPDX-License-Identifier: Apache-2.0
// A machine that joins: one sealed request, the same in every datagram, until the token's issuer
// answers it; and whether what was granted is good. Pure: bytes and a time in, datagrams out; one
// owner, one thread. The other side is gossip/strangers (cookies) and issuer::Issuer::on_join.
//
//   request, zero cookie --> cookie --> request, cookie --> reply --> verified --> granted
//        ^ each endpoint in turn, again    |                 '--> refused, or not good: failed
//        '-- each 1 s, later 2 and 4 s ----'
//
// Datagrams: gossip/messages.hpp, 0x12 to 0x14. Design 6 (Joining).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <weft/gossip/messages.hpp>
#include <weft/gossip/node.hpp>
#include <weft/identity/join_message.hpp>
#include <weft/identity/trust_store.hpp>

namespace weft::mesh {

class Joiner {
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
    /// A clock further off the issuer's is not held against a certificate's dates.
    static constexpr identity::UnixSeconds kClockOffMax = 300;

    using Datagram = gossip::Actions::Datagram;

    struct Parts {
        identity::Token token;                 ///< as parse_token gives it
        const identity::SigningKey& identity;  ///< used by the constructor only
        crypto::PublicKey wireguard_key;       ///< valid ones: asserted
        crypto::PublicKey gossip_key;
        std::string name;         ///< wished; "": whichever the token has
        identity::TimeView wall;  ///< at the constructor's `now`
        RandomSource& random;     ///< used by the constructor only
    };

    /// What was granted, verified as far as it can be here.
    struct Grant {
        /// kGranted: the certificate is this machine's, valid now, inside the pools; the issuer is
        /// the token's. An issuer's certificate signed by a successor of the token's root is taken
        /// on the word of the sealed answer: offer it to a TrustStore when the successor is known.
        identity::JoinReply reply;
        identity::Certificate certificate;   ///< parsed from `reply`
        identity::IssuerCertificate issuer;  ///< parsed from `reply`
    };

    /// Asks nobody yet: the first timer is due at once. Fails at once (see outcome()) where the
    /// token is expired for certain or names no endpoint, and where no node can have that name.
    Joiner(const Parts& parts, Time now);

    /// Asks whose turn it is, or gives up. Appends to `out`.
    void on_timer(Time now, std::vector<Datagram>& out);
    /// When to call on_timer; Time::max() once there is an outcome.
    [[nodiscard]] Time next_timer() const;

    /// Any datagram of the socket, whatever it is. Appends to `out`, at most one of
    /// kDatagramSizeMax bytes to an endpoint of the token.
    void on_datagram(const net::Endpoint& from,
                     ConstBytes bytes,
                     Time now,
                     std::vector<Datagram>& out);

    /// nullopt: pending. Once there, it does not change. Each error has one line of cause and one
    /// of remedy: EINVAL: the name or the token is none that can be used; EACCES: refused, or
    /// expired; EBADMSG: the issuer's own answer is not good; ETIMEDOUT: no answer, names who was
    /// asked; EAGAIN: the issuer still says "wait".
    [[nodiscard]] const std::optional<Result<Grant>>& outcome() const { return outcome_; }

    /// Datagrams that changed nothing, by reason.
    struct Ignored {
        std::uint64_t from_elsewhere = 0;  ///< no endpoint that was asked
        std::uint64_t malformed = 0;       ///< not a cookie or join reply of this version
        std::uint64_t foreign = 0;         ///< echoes another request
        std::uint64_t forged = 0;          ///< not sealed by the issuer, or damaged
        std::uint64_t surplus = 0;         ///< more cookies or "wait" than were asked for
        std::uint64_t late = 0;            ///< after the outcome
    };
    [[nodiscard]] const Ignored& ignored() const { return ignored_; }

  private:
    /// An endpoint of the token.
    struct Target {
        net::Endpoint at;
        gossip::Cookie cookie{};  // zero: none yet
        bool asked = false;
        bool seen = false;           // sent a cookie
        bool awaits_answer = false;  // asked since it last said "wait"
        unsigned cookies_left = 0;   // of kCookiesPerTurn
    };

    [[nodiscard]] std::optional<Error> unusable(const Parts& parts) const;
    void seal(const Parts& parts);
    [[nodiscard]] Duration round() const;
    void send(const Target& target, std::vector<Datagram>& out) const;
    [[nodiscard]] Target* asked(const net::Endpoint& from);
    void on_cookie(Target& target, ConstBytes cookie, std::vector<Datagram>& out);
    void on_reply(Target& target, ConstBytes sealed, Time now);
    void on_wait(Target& target, Time now);

    [[nodiscard]] identity::TimeView own_time(Time now) const;
    [[nodiscard]] Error refusal(const identity::JoinReply& reply,
                                const Target& target,
                                Time now) const;
    [[nodiscard]] Error gave_up() const;
    [[nodiscard]] Result<Grant> verify(identity::JoinReply reply,
                                       const Target& target,
                                       Time now) const;

    identity::VerifyKey root_;
    crypto::PublicKey issuer_key_;
    std::vector<Target> targets_;
    identity::TimeView wall_;  // at start_
    Time start_;

    identity::JoinRequest request_;
    crypto::PrivateKey reply_key_;
    std::vector<std::byte> sealed_;

    std::size_t turn_ = 0;  // in targets_
    unsigned rounds_ = 0;   // through all of them
    Time next_ask_;
    Time deadline_;
    bool waiting_ = false;  // the issuer said so
    std::optional<Result<Grant>> outcome_;
    Ignored ignored_;
};

}  // namespace weft::mesh
