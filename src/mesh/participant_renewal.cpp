// SPDX-License-Identifier: Apache-2.0
// A member's certificate is renewed from half of its life on. On its issuer's own node the issuer
// is asked directly; elsewhere by the lane on which strangers join (issuer_call.hpp), first the
// issuer that granted it, then the others. Nothing waits for it. Design 6 (Keys).
//
//   due --> attempt --> issuer after issuer --> granted --> on the disk --> gossip's next identity
//            ^ 1 h with jitter until then; ------'
//              in the last week 10 s to 5 min, and at once when an issuer's node is heard of again
#include <algorithm>
#include <utility>

#include "participant_impl.hpp"

namespace weft::mesh {
namespace {

using identity::TimeView;
using identity::UnixSeconds;
using Status = identity::JoinReply::Status;

/// The same trouble is told again after this long.
constexpr Duration kTellEvery = std::chrono::hours{24};
/// Of an issuer's node.
constexpr std::size_t kEndpointsAsked = 6;

UnixSeconds left_of(const identity::Certificate& certificate, const TimeView& time) {
    return certificate.not_after > time.now ? certificate.not_after - time.now : 0;
}

bool is_past_half(const identity::Certificate& certificate, const TimeView& time) {
    return time.now >= certificate.not_before &&
           time.now - certificate.not_before >=
               (certificate.not_after - certificate.not_before) / 2;
}

std::string refusal(Status status) {
    if (status == Status::kExpiredToken) {
        return "this node's certificate is past its grace and cannot be renewed";
    }
    return status == Status::kRevoked ? "this node, or the issuer of its certificate, was revoked"
                                      : "the issuer refused to renew the certificate";
}

}  // namespace

// ---- When --------------------------------------------------------------------------------------

bool Participant::Impl::renewal_is_due() const {
    return member_->renewal.keys.has_value() ||
           is_past_half(member_->certificate->certificate, time_->view());
}

Duration Participant::Impl::renewal_pause() const {
    if (member_->renewal.keys) {
        return kRotateEvery;
    }
    return renewal_is_urgent() ? kRenewUrgentEvery : kRenewEvery;
}

bool Participant::Impl::renewal_is_urgent() const {
    return left_of(member_->certificate->certificate, time_->view()) < kUrgentBefore;
}

/// Half to one and a half of `pause`: nodes that were made together do not come together.
Time Participant::Impl::soon(Time now, Duration pause) {
    return now + pause / 2 + Duration{static_cast<Duration::rep>(random_.below(pause.count()))};
}

/// An attempt has failed. Where time is short the next one comes soon, and each later one after
/// twice as long.
void Participant::Impl::retry_renewal(Time now) {
    Renewal& renewal = member_->renewal;
    renewal.failed_at = now;
    if (renewal_is_urgent()) {
        const Time next = soon(now, renewal.pause);
        renewal.next = renewal.keys && renewal.next ? std::min(*renewal.next, next) : next;
        renewal.pause = std::min<Duration>(2 * renewal.pause, kRetryMax);
    }
}

/// The issuer that did not answer may be there again.
void Participant::Impl::on_heard_of(const gossip::NodeId& node, Time now) {
    Renewal& renewal = member_->renewal;
    const gossip::Member* const member = member_->node->members().find(node);
    if (!renewal.failed || !renewal.next || member == nullptr ||
        member_->node->reachability(node) != gossip::Reachability::kAlive) {
        return;
    }
    const std::string& name = member->certificate->certificate.name;
    const bool issues = std::ranges::any_of(member_->trust.issuers(), [&](const auto& numbered) {
        return !numbered.second.revoked && numbered.second.certificate.name == name;
    });
    if (issues) {
        renewal.pause = kRetryFirst;
        renewal.next = std::min(*renewal.next, std::max(now, renewal.failed_at + kRetryFirst));
    }
}

void Participant::Impl::renew(const Clock& clock, Output& out) {
    Renewal& renewal = member_->renewal;
    if (renewal.call) {
        if (renewal.call->next_timer() <= clock.now) {
            renewal.call->on_timer(clock.now, out.datagrams);
            conclude_call(clock, out);
        }
        return;
    }
    if (!renewal_is_due()) {
        renewal.next.reset();
        return;
    }
    if (!renewal.next) {
        renewal.next = soon(clock.now, renewal_pause() / kFirstAttemptSooner);
    }
    if (clock.now < *renewal.next) {
        return;
    }
    if (const Result<> attempted = attempt_renewal(clock, out); !attempted) {
        on_renewal_failed(attempted.error(), clock, out);
    }
}

Time Participant::Impl::next_renewal() const {
    const Renewal& renewal = member_->renewal;
    return renewal.call ? renewal.call->next_timer() : renewal.next.value_or(Time::max());
}

// ---- Asking ------------------------------------------------------------------------------------

identity::JoinRequest Participant::Impl::renewal_request() const {
    const Member& member = *member_;
    const NodeKeys& keys = member.renewal.keys ? *member.renewal.keys : member.keys;
    identity::JoinRequest request;
    request.time = time_->view().now;
    request.identity_key = keys.identity.verify_key();
    request.wireguard_key = crypto::public_key_of(keys.wireguard);
    request.gossip_key = crypto::public_key_of(keys.gossip);
    request.name = member.certificate->certificate.name;
    request.serial = member.certificate->certificate.serial;
    return request;
}

/// Errors: what the issuer of this very node says.
Result<> Participant::Impl::attempt_renewal(const Clock& clock, Output& out) {
    Member& member = *member_;
    const bool here =
        member.issuer && member.issuer_number == member.certificate->certificate.issuer_number;
    if (here && !member.issuer->ready()) {
        return {};  // in a moment
    }
    member.renewal.next = soon(clock.now, renewal_pause());
    if (here) {
        return renew_here(clock, out);
    }
    member.renewal.tried.clear();
    member.renewal.silent.clear();
    ask_next_issuer(clock, out);
    return {};
}

Result<> Participant::Impl::renew_here(const Clock& clock, Output& out) {
    auto decision = member_->issuer->rotate(renewal_request(), time_->view());
    if (!decision) {
        return decision.error();
    }
    auto granted = member_->issuer->commit(std::move(*decision), persist(*member_));
    if (!granted) {
        return granted.error();
    }
    return adopt(*std::move(granted), {}, time_->view(), clock, out);
}

/// Where the issuer's node may be: where it was heard, then what it says.
std::vector<net::Endpoint> Participant::Impl::endpoints_of(const std::string& name) const {
    std::vector<net::Endpoint> endpoints;
    for (const auto& [id, known] : member_->node->members().members()) {
        if (known.certificate->certificate.name != name || id == member_->node->id()) {
            continue;
        }
        if (const auto seen = member_->node->seen_endpoint(id)) {
            endpoints.push_back(*seen);
        }
        const auto& told = known.record->record.endpoints;
        endpoints.insert(endpoints.end(), told.begin(), told.end());
    }
    endpoints.resize(std::min(endpoints.size(), kEndpointsAsked));
    return endpoints;
}

/// The certificate's issuer first: the others have its blocks only where the root moved a slice.
std::vector<std::uint32_t> Participant::Impl::issuers_to_ask() const {
    const std::uint32_t own = member_->certificate->certificate.issuer_number;
    std::vector<std::uint32_t> numbers;
    for (const auto& [number, issuer] : member_->trust.issuers()) {
        if (!issuer.revoked && !member_->renewal.tried.contains(number)) {
            numbers.insert(number == own ? numbers.begin() : numbers.end(), number);
        }
    }
    return numbers;
}

void Participant::Impl::ask_next_issuer(const Clock& clock, Output& out) {
    Renewal& renewal = member_->renewal;
    for (const std::uint32_t number : issuers_to_ask()) {
        renewal.tried.insert(number);
        const identity::IssuerCertificate& issuer = member_->trust.issuer(number)->certificate;
        std::vector<net::Endpoint> at = endpoints_of(issuer.name);
        if (at.empty()) {
            renewal.silent += (renewal.silent.empty() ? "" : ", ") + issuer.name;
            continue;
        }
        crypto::PrivateKey reply_key = crypto::generate_private_key(random_);
        identity::JoinRequest request = renewal_request();
        request.reply_key = crypto::public_key_of(reply_key);
        renewal.asked = issuer.name;
        renewal.call.emplace(IssuerCall::Parts{seal_join_request(request,
                                                                 member_->trust.network(),
                                                                 nullptr,
                                                                 member_->keys.identity,
                                                                 issuer.sealing_key,
                                                                 random_),
                                               std::move(reply_key),
                                               issuer.sealing_key,
                                               std::move(at)},
                             clock.now);
        renewal.call->on_timer(clock.now, out.datagrams);
        return;
    }
    const std::string cause = renewal.silent.empty()
                                  ? "no issuer may renew this node's certificate"
                                  : "no answer from the issuer's node: " + renewal.silent;
    on_renewal_failed({std::make_error_code(std::errc::timed_out),
                       cause,
                       "does weftd run there? it is asked again by itself"},
                      clock,
                      out);
}

// ---- What comes back ---------------------------------------------------------------------------

bool Participant::Impl::answers_renewal(const net::Endpoint& from,
                                        ConstBytes bytes,
                                        const Clock& clock,
                                        Output& out) {
    const auto type = static_cast<gossip::DatagramType>(bytes[0]);
    const bool is_answer =
        type == gossip::DatagramType::kCookie || type == gossip::DatagramType::kJoinReply;
    if (!is_answer || !member_->renewal.call ||
        !member_->renewal.call->on_datagram(from, bytes, clock.now, out.datagrams)) {
        return false;
    }
    conclude_call(clock, out);
    return true;
}

void Participant::Impl::conclude_call(const Clock& clock, Output& out) {
    Renewal& renewal = member_->renewal;
    if (!renewal.call->is_over()) {
        return;
    }
    const IssuerCall call = std::move(*renewal.call);
    renewal.call.reset();
    if (call.gave_up()) {
        renewal.silent += (renewal.silent.empty() ? "" : ", ") + renewal.asked;
        ask_next_issuer(clock, out);
        return;
    }
    const identity::JoinReply& reply = call.answer()->reply;
    if (reply.status == Status::kNotFromHere) {
        ask_next_issuer(clock, out);
        return;
    }
    const Result<> renewed =
        reply.status == Status::kGranted
            ? adopt(reply.certificate, reply.seeds, time_of_grant(reply, time_->view()), clock, out)
            : Result<>{Error{std::make_error_code(std::errc::permission_denied),
                             refusal(reply.status),
                             std::string{kJoinAnew}}};
    if (!renewed) {
        on_renewal_failed(renewed.error(), clock, out);
    }
}

/// What this node would not be any more with it, or empty.
std::string Participant::Impl::fault_in_renewal(ConstBytes bytes,
                                                const identity::Certificate& certificate,
                                                const TimeView& time) const {
    const identity::Certificate& current = member_->certificate->certificate;
    const Renewal& renewal = member_->renewal;
    const bool ours =
        member_->keys.are_of(certificate) || (renewal.keys && renewal.keys->are_of(certificate));
    if (!ours) {
        return "certifies other keys";
    }
    if (certificate.name != current.name || certificate.blocks != current.blocks) {
        return "has another name or other blocks";
    }
    if (certificate.generation < current.generation) {
        return "is older than the one in use";
    }
    const auto admitted = member_->trust.admit(bytes, time);
    return admitted ? "" : "is not good: " + std::string{to_string(admitted.error())};
}

/// On the disk first, then in use. Keys that a rotation made are in use from the moment on when
/// the network's file has their certificate.
Result<> Participant::Impl::adopt(std::vector<std::byte> bytes,
                                  std::vector<identity::Seed> seeds,
                                  const TimeView& time,
                                  const Clock& clock,
                                  Output& out) {
    Member& member = *member_;
    if (bytes == member.network.certificate) {
        return {};  // by the issuer's clock it is not due
    }
    auto certificate = parse_own(bytes);
    if (!certificate) {
        return certificate.error();
    }
    const std::string fault = fault_in_renewal(bytes, (*certificate)->certificate, time);
    if (!fault.empty()) {
        return Error{std::make_error_code(std::errc::bad_message),
                     "the certificate that the issuer renewed " + fault,
                     "upgrade weft there and here; if it stays, " + std::string{kJoinAnew}};
    }
    if (seeds.empty()) {
        seeds = member.network.seeds;
    }
    std::swap(member.network.certificate, bytes);
    std::swap(member.network.seeds, seeds);
    if (Result<> kept = state_.keep(member.network); !kept) {
        std::swap(member.network.certificate, bytes);
        std::swap(member.network.seeds, seeds);
        return kept;
    }
    member.certificate = std::move(*certificate);
    member.renewal.next.reset();
    member.renewal.failed.reset();
    member.renewal.pause = kRetryFirst;
    out.own_changed = true;
    take_next_keys(out);
    gossip::Actions actions;
    member.node->replace_identity(
        {member.certificate, member.keys.identity.clone(), member.keys.gossip.clone()},
        moment(clock),
        actions);
    absorb(std::move(actions), clock, out);
    out.notices.push_back({"certificate_renewed", false, member.certificate->certificate.name, {}});
    return {};
}

// ---- What is told ------------------------------------------------------------------------------

/// Told once, and each day again while it lasts.
void Participant::Impl::on_renewal_failed(const Error& error, const Clock& clock, Output& out) {
    Renewal& renewal = member_->renewal;
    const bool told = renewal.failed && renewal.failed->cause == error.cause &&
                      clock.now - renewal.told_at < kTellEvery;
    renewal.failed = error;
    retry_renewal(clock.now);
    if (told) {
        return;
    }
    renewal.told_at = clock.now;
    // An issuer's node that is down for a while is no trouble as long as there is time.
    const bool urgent = renewal.keys.has_value() || renewal_is_urgent();
    const bool warning = urgent || error.code != std::errc::timed_out;
    out.notices.push_back(
        {"renewal_failed", warning, member_->certificate->certificate.name, error.message()});
}

/// By this node's own clock: also where no issuer can be asked.
void Participant::Impl::watch_expiry(const Clock& clock, Output& out) {
    const identity::Certificate& certificate = member_->certificate->certificate;
    const UnixSeconds grace = certificate.ephemeral ? 0 : identity::TrustStore::kGrace;
    const bool is_past =
        identity::outside_validity(0, certificate.not_after, grace, time_->view()) ==
        identity::Rejected::kExpired;
    Renewal& renewal = member_->renewal;
    if (!is_past || (renewal.expiry_told && clock.now - *renewal.expiry_told < kTellEvery)) {
        return;
    }
    renewal.expiry_told = clock.now;
    out.notices.push_back({"certificate_expired",
                           true,
                           certificate.name,
                           "this node's certificate is past its grace, and other members take "
                           "its routes away; " +
                               std::string{kJoinAnew}});
}

}  // namespace weft::mesh
