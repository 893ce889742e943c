// SPDX-License-Identifier: Apache-2.0
// A renewal: signed by the identity key alone, for a certificate that this node's trust store
// takes. From half of its life on the node gets the next generation, before that what it has; with
// other keys than the certificate's (rotation) the next generation at any time. Design 6 (Keys).
#include <algorithm>

#include "journal.hpp"
#include "verdict.hpp"

namespace weft::issuer {

using identity::Rejected;
using Status = identity::JoinReply::Status;

Result<Decision<Answer>> Issuer::on_renew(ConstBytes sealed,
                                          ConstBytes current,
                                          const TimeView& time) {
    const auto request = open_join_request(sealed, parts_.certificate.network, parts_.sealing_key);
    if (!request) {
        return request.error();
    }
    if (!request->is_renewal()) {
        return invalid("a join request came as a renewal");
    }
    return renewal(*request, current, time);
}

Result<Decision<Answer>> Issuer::renewal(const Request& request,
                                         ConstBytes current,
                                         const TimeView& time) {
    ledger_.on_time(time);
    Result<Verdict> verdict = judge_renewal(request, current, time);
    if (!verdict) {
        return verdict.error();
    }
    std::vector<std::byte> records = std::move(verdict->records);
    return decide(answer(request, *std::move(verdict), time), std::move(records));
}

Result<Issuer::Verdict> Issuer::judge_renewal(const Request& request,
                                              ConstBytes current,
                                              const TimeView& time) const {
    const auto certificate = identity::parse_certificate(current);
    if (!certificate) {
        return certificate.error();
    }
    if (certificate->identity_key != request.identity_key ||
        certificate->serial != request.serial) {
        return invalid("a renewal is not for the certificate that came with it");
    }
    if (!ready()) {
        return Verdict::refusal(Status::kWait);
    }
    if (is_revoked(request.identity_key)) {
        return Verdict::refusal(Status::kRevoked);
    }
    // Whether it was ever good is asked as of its last day; whether that is too long ago, with its
    // grace.
    const TimeView then{std::min(time.now, certificate->not_after), time.trusted};
    const auto admitted = parts_.trust.admit(current, then);
    if (!admitted) {
        if (admitted.error() == Rejected::kIssuerRevoked) {
            return Verdict::refusal(Status::kRevoked);
        }
        return invalid("a renewal is for a certificate that is not good: " +
                       std::string{to_string(admitted.error())});
    }
    if (parts_.trust.withdrawn(*certificate, time)) {
        return Verdict::refusal(Status::kExpiredToken);
    }
    const Ledger::Node* node = ledger_.live(request.identity_key);
    if (node != nullptr && is_newer(node->certificate, *certificate)) {
        return renew(node->certificate, *node->bytes, request, time);
    }
    return renew(*certificate, current, request, time);
}

Result<Issuer::Verdict> Issuer::renew(const identity::Certificate& newest,
                                      ConstBytes bytes,
                                      const Request& request,
                                      const TimeView& time) const {
    const bool is_newest = request.serial == newest.serial;
    if (same_keys(newest, request)) {
        if (!is_newest || !is_due(newest, time)) {
            return Verdict::granted(bytes);
        }
    } else if (!is_newest) {
        // Whoever recorded it must not bring old keys back. Its sender, who missed an answer, may
        // know what followed, and ask again.
        return Verdict::granted(bytes);
    }
    for (const net::Prefix& block : newest.blocks) {
        // Verifiers take blocks from their own issuer's slices only.
        if (!ledger_.pool().covers(block)) {
            const auto* issuer = parts_.trust.issuer(newest.issuer_number);
            return Verdict::refusal(Status::kNotFromHere,
                                    issuer == nullptr ? std::string{} : issuer->certificate.name);
        }
        if (const Ledger::Node* other = ledger_.live_owner(block, newest.identity_key)) {
            return invalid("block " + block.to_string() + " of node " + newest.name +
                               " was granted to node " + other->certificate.name + " as well",
                           "remove one of them: `weft node rm`");
        }
    }
    const auto certificate = sign(Grant::next(newest, request), time);
    if (!certificate) {
        return certificate.error();
    }
    return Verdict::granted(*certificate, journal::encode(journal::Granted{{}, {}, *certificate}));
}

}  // namespace weft::issuer
