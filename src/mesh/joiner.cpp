// SPDX-License-Identifier: Apache-2.0
// See joiner.hpp. In the order in which a join happens: asking, what a refusal means, and what is
// checked of a grant. Pure.
#include <algorithm>
#include <string_view>
#include <utility>

#include <weft/base/assert.hpp>
#include <weft/mesh/joiner.hpp>

namespace weft::mesh {
namespace {

using identity::TimeView;
using identity::UnixSeconds;
using Status = identity::JoinReply::Status;

Error error(std::errc code, std::string cause, std::string remedy) {
    return {std::make_error_code(code), std::move(cause), std::move(remedy)};
}

std::string makes_another(const net::Endpoint& issuer) {
    return "`weft token create` on the node at " + issuer.to_string() + " makes another";
}

/// "90 s", "5 min", "3 h", "2 d": rounded down.
std::string rough(UnixSeconds seconds) {
    constexpr UnixSeconds kMinute = 60;
    constexpr UnixSeconds kHour = 60 * kMinute;
    constexpr UnixSeconds kDay = 24 * kHour;
    if (seconds < 2 * kMinute) {
        return std::to_string(seconds) + " s";
    }
    if (seconds < 2 * kHour) {
        return std::to_string(seconds / kMinute) + " min";
    }
    return seconds < 2 * kDay ? std::to_string(seconds / kHour) + " h"
                              : std::to_string(seconds / kDay) + " d";
}

UnixSeconds distance(UnixSeconds a, UnixSeconds b) {
    return a > b ? a - b : b - a;
}

std::string joined(const std::vector<net::Endpoint>& endpoints) {
    std::string all;
    for (const net::Endpoint& endpoint : endpoints) {
        all += (all.empty() ? "" : ", ") + endpoint.to_string();
    }
    return all;
}

}  // namespace

// ---- Asking -------------------------------------------------------------------------------------

Joiner::Joiner(const Parts& parts, Time now)
    : root_(parts.token.root),
      issuer_key_(parts.token.issuer_sealing_key),
      wall_(parts.wall),
      start_(now) {
    if (auto reason = unusable(parts)) {
        outcome_ = *std::move(reason);
        return;
    }
    call(parts, now);
}

std::optional<Error> Joiner::unusable(const Parts& parts) const {
    if (!parts.name.empty() && !identity::valid_name(parts.name)) {
        return invalid("no node can be named " + parts.name,
                       "1 to 63 of a-z, 0-9 and inner hyphens: `weft join --name NAME`");
    }
    if (parts.token.endpoints.empty()) {
        return invalid("the token names no address of an issuer",
                       "`weft token create` on the issuer's node makes one that does");
    }
    if (wall_.trusted && wall_.now > parts.token.expiry) {
        return error(std::errc::permission_denied,
                     "the token expired " + rough(wall_.now - parts.token.expiry) + " ago",
                     makes_another(parts.token.endpoints.front()));
    }
    return std::nullopt;
}

void Joiner::call(const Parts& parts, Time now) {
    crypto::PrivateKey reply_key = crypto::generate_private_key(parts.random);
    request_.token = parts.token.id;
    request_.token_key = parts.token.one_time_key.verify_key();
    request_.time = wall_.now;
    request_.identity_key = parts.identity.verify_key();
    request_.wireguard_key = parts.wireguard_key;
    request_.gossip_key = parts.gossip_key;
    request_.name = parts.name;
    request_.reply_key = crypto::public_key_of(reply_key);
    auto sealed = seal_join_request(request_,
                                    identity::network_id_of(root_),
                                    &parts.token.one_time_key,
                                    parts.identity,
                                    issuer_key_,
                                    parts.random);
    call_.emplace(
        IssuerCall::Parts{
            std::move(sealed), std::move(reply_key), issuer_key_, parts.token.endpoints},
        now);
}

void Joiner::on_timer(Time now, std::vector<Datagram>& out) {
    if (call_) {
        call_->on_timer(now, out);
        conclude(now);
    }
}

Time Joiner::next_timer() const {
    return call_ ? call_->next_timer() : Time::max();
}

void Joiner::on_datagram(const net::Endpoint& from,
                         ConstBytes bytes,
                         Time now,
                         std::vector<Datagram>& out) {
    if (call_) {
        (void)call_->on_datagram(from, bytes, now, out);
        conclude(now);
    }
}

const Joiner::Ignored& Joiner::ignored() const {
    static const Ignored none;
    return call_ ? call_->ignored() : none;
}

void Joiner::conclude(Time now) {
    if (outcome_ || !call_->is_over()) {
        return;
    }
    if (call_->gave_up()) {
        outcome_ = gave_up();
        return;
    }
    const auto& [reply, from] = *call_->answer();
    if (reply.status == Status::kGranted) {
        outcome_ = verify(reply, from, now);
    } else {
        outcome_ = refusal(reply, from, now);
    }
}

// ---- What went wrong ----------------------------------------------------------------------------

Error Joiner::refusal(const identity::JoinReply& reply, const net::Endpoint& from, Time now) const {
    const std::string at = "the node at " + from.to_string();
    const auto refused = [](std::string cause, std::string remedy) {
        return error(std::errc::permission_denied, std::move(cause), std::move(remedy));
    };
    switch (reply.status) {
        case Status::kUnknownToken:
            return refused("the issuer does not know this token", makes_another(from));
        case Status::kExpiredToken:
            return refused("the token is expired or was withdrawn", makes_another(from));
        case Status::kUsedToken: {
            // Also said to a copy of a machine, whatever token it has.
            const std::string user = reply.detail.empty() ? "another machine" : reply.detail;
            return refused("the token was used already, by " + user,
                           makes_another(from) + "; a copy of " + user +
                               "'s disk first needs an identity of its own");
        }
        case Status::kNameTaken:
            return refused("the name " + (request_.name.empty() ? "of the token" : request_.name) +
                               " is taken by another node",
                           "`weft join --name " + (reply.detail.empty() ? "NAME" : reply.detail) +
                               "` with the same token" +
                               (reply.detail.empty() ? "" : ": that name is free"));
        case Status::kPoolFull:
            return refused("the issuer has no block of addresses left",
                           "`weft token create --replace NAME` on " + at +
                               " gives this machine the place of a node that is gone");
        case Status::kNotFromHere:
            return refused("the token is not for the address that this machine comes from",
                           "`weft token create --from PREFIX` on " + at + " makes one that is");
        case Status::kRevoked:
            return refused("this machine's identity was revoked in the network",
                           "`weft leave` here forgets it; then " + makes_another(from));
        case Status::kClockOff: {
            const UnixSeconds own = own_time(now).now;
            return refused("this machine's clock is " + rough(distance(own, reply.time)) +
                               (own < reply.time ? " behind" : " ahead of") + " the issuer's",
                           "set it, `timedatectl set-ntp true`, and join again with this token");
        }
        case Status::kGranted:
        case Status::kWait:
            break;
    }
    WEFT_ASSERT(false);  // the call knows no other
    return {};
}

Error Joiner::gave_up() const {
    const std::string asked = joined(call_->asked());
    const std::string seen = joined(call_->seen());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(call_->patience());
    const std::string after = " in " + std::to_string(seconds.count()) + " s";
    if (call_->told_to_wait()) {
        return error(std::errc::resource_unavailable_try_again,
                     "the issuer was restarted, and is still asking the members what it granted "
                     "before" +
                         after,
                     "try again in a minute, with the same token");
    }
    if (!seen.empty()) {
        return error(std::errc::timed_out,
                     "weftd runs at " + seen + ", but did not answer the request" + after,
                     "does the token's issuer run there? `weft token create` on its node makes a "
                     "token with its addresses");
    }
    return error(std::errc::timed_out,
                 "no answer" + after + " from " + asked,
                 "does weftd run there, and does its firewall let that UDP port through?");
}

TimeView Joiner::own_time(Time now) const {
    const auto passed = std::chrono::duration_cast<std::chrono::seconds>(now - start_);
    return {wall_.now + static_cast<UnixSeconds>(passed.count()), wall_.trusted};
}

Result<Joiner::Grant> Joiner::verify(identity::JoinReply reply,
                                     const net::Endpoint& from,
                                     Time now) const {
    auto grant =
        verify_grant(std::move(reply),
                     {root_, request_.identity_key, request_.wireguard_key, request_.gossip_key},
                     own_time(now));
    if (grant && grant->issuer.sealing_key == issuer_key_) {
        return grant;
    }
    return error(
        std::errc::bad_message,
        "the issuer's answer " + (grant ? "has the certificate of another issuer than the token's"
                                        : grant.error().cause),
        makes_another(from) + "; if it fails too, upgrade weft there and here");
}

}  // namespace weft::mesh
