// SPDX-License-Identifier: Apache-2.0
// What is wrong with a member for longer than a moment, with its remedy: what status shows where
// the log told it once. Pure.
#include <algorithm>

#include "participant_impl.hpp"

namespace weft::mesh {
namespace {

/// For how long two machines with one key are a trouble after they were last seen.
constexpr Duration kCloneShown = std::chrono::minutes{10};
constexpr std::size_t kClonesMax = 64;

}  // namespace

/// Told once while it is shown.
void Participant::Impl::note_clone(Trouble trouble, Time now, Output& out) const {
    auto& clones = member_->clones;
    std::erase_if(clones, [now](const auto& each) { return now - each.second.at > kCloneShown; });
    const std::string key = trouble.code + ' ' + trouble.subject;
    if (const auto known = clones.find(key); known != clones.end()) {
        known->second.at = now;
        return;
    }
    out.notices.push_back({trouble.code, true, trouble.subject, trouble.cause});
    if (clones.size() < kClonesMax) {
        clones.insert_or_assign(key, Seen{now, std::move(trouble)});
    }
}

void Participant::Impl::note_clone(const gossip::Event& event,
                                   const std::string& subject,
                                   Time now,
                                   Output& out) const {
    const bool is_own = event.kind == gossip::Event::Kind::kOwnElsewhere;
    note_clone({is_own ? "own_identity_elsewhere" : "member_contradicts_itself",
                is_own,
                subject,
                is_own ? "another machine signs with this node's key: one was cloned from the other"
                       : "two machines sign with its key: one was cloned from the other, or one is "
                         "captured",
                std::string{kCopyRemedy}},
               now,
               out);
}

/// Past its end other members take its routes away; before, an issuer that is away for a while is
/// no trouble as long as there is time.
std::optional<Trouble> Participant::Impl::certificate_trouble() const {
    const identity::Certificate& certificate = member_->certificate->certificate;
    const identity::TimeView time = time_->view();
    const std::optional<Error>& failed = member_->renewal.failed;
    const std::string why = failed ? ": " + failed->cause : std::string{};
    if (time.trusted && time.now > certificate.not_after) {
        return Trouble{
            "certificate_expired",
            true,
            certificate.name,
            "this node's certificate has expired, and after a grace the other nodes take "
            "its routes away" +
                why,
            "start an issuer's node (weft issuer list): it renews the certificate; or " +
                std::string{kJoinAnew}};
    }
    const bool urgent =
        member_->renewal.keys.has_value() || certificate.not_after < time.now + kUrgentBefore;
    if (!failed || (!urgent && failed->code == std::errc::timed_out)) {
        return std::nullopt;
    }
    return Trouble{"certificate_not_renewed",
                   false,
                   certificate.name,
                   "this node's certificate cannot be renewed" + why,
                   failed->remedy.empty() ? "weft issuer list names who renews it: weft ping NAME"
                                          : failed->remedy};
}

std::vector<Trouble> Participant::Impl::troubles(Time now) const {
    std::vector<Trouble> all;
    if (!member_) {
        return all;
    }
    if (auto trouble = certificate_trouble()) {
        all.push_back(std::move(*trouble));
    }
    for (const auto& [key, seen] : member_->clones) {
        if (now - seen.at <= kCloneShown) {
            all.push_back(seen.trouble);
        }
    }
    return all;
}

std::vector<Trouble> Participant::troubles(Time now) const {
    return impl_->troubles(now);
}

}  // namespace weft::mesh
