// SPDX-License-Identifier: Apache-2.0
// A machine that joins: asks the token's issuer (issuer_call.hpp), and whether what was granted is
// good. Pure: bytes and a time in, datagrams out; one owner, one thread. The other side is
// issuer::Issuer::on_join. Design 6 (Joining).
//
//   token --> call --> granted --> verified --> outcome
//               '--> refused, no answer, not good: outcome, an error
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <weft/identity/join_message.hpp>
#include <weft/mesh/grant.hpp>
#include <weft/mesh/issuer_call.hpp>

namespace weft::mesh {

class Joiner {
  public:
    using Datagram = IssuerCall::Datagram;
    using Ignored = IssuerCall::Ignored;

    struct Parts {
        identity::Token token;                 ///< as parse_token gives it
        const identity::SigningKey& identity;  ///< used by the constructor only
        crypto::PublicKey wireguard_key;       ///< valid ones: asserted
        crypto::PublicKey gossip_key;
        std::string name;         ///< wished; "": whichever the token has
        identity::TimeView wall;  ///< at the constructor's `now`
        RandomSource& random;     ///< used by the constructor only
    };

    /// Its issuer is the token's.
    using Grant = mesh::Grant;

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

    /// Datagrams that changed nothing.
    [[nodiscard]] const Ignored& ignored() const;

  private:
    [[nodiscard]] std::optional<Error> unusable(const Parts& parts) const;
    void call(const Parts& parts, Time now);
    void conclude(Time now);

    [[nodiscard]] identity::TimeView own_time(Time now) const;
    [[nodiscard]] Error refusal(const identity::JoinReply& reply,
                                const net::Endpoint& from,
                                Time now) const;
    [[nodiscard]] Error gave_up() const;
    [[nodiscard]] Result<Grant> verify(identity::JoinReply reply,
                                       const net::Endpoint& from,
                                       Time now) const;

    identity::VerifyKey root_;
    crypto::PublicKey issuer_key_;
    identity::TimeView wall_;  // at start_
    Time start_;
    identity::JoinRequest request_;
    std::optional<IssuerCall> call_;  // nullopt: it could not be used
    std::optional<Result<Grant>> outcome_;
};

}  // namespace weft::mesh
