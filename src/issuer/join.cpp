// SPDX-License-Identifier: Apache-2.0
// A join request, in the order in which it meets the questions: is the issuer ready, is there such
// a token, is the identity revoked, did it use the token before, may the token be used, is the
// machine a member already; only then is something new granted. Design 6 (Joining).
#include <algorithm>

#include "journal.hpp"
#include "verdict.hpp"

namespace weft::issuer {

using Status = identity::JoinReply::Status;

Result<Decision<Answer>> Issuer::on_join(ConstBytes sealed,
                                         const net::Endpoint& source,
                                         const TimeView& time) {
    const auto request = open_join_request(sealed, parts_.certificate.network, parts_.sealing_key);
    if (!request) {
        return request.error();
    }
    if (request->is_renewal()) {
        return invalid("a renewal came as a join request");
    }
    return join(*request, source, time);
}

Result<Decision<Answer>> Issuer::on_request(ConstBytes sealed,
                                            const net::Endpoint& source,
                                            const CurrentOf& current_of,
                                            const TimeView& time) {
    const auto request = open_join_request(sealed, parts_.certificate.network, parts_.sealing_key);
    if (!request) {
        return request.error();
    }
    if (!request->is_renewal()) {
        return join(*request, source, time);
    }
    // Members forget who is past the grace; the ledger knows it still, so that it can be told.
    ConstBytes current = current_of(request->identity_key);
    const Ledger::Node* node = ledger_.live(request->identity_key);
    if (current.empty() && node != nullptr) {
        current = *node->bytes;
    }
    return renewal(*request, current, time);
}

Result<Decision<Answer>> Issuer::join(const Request& request,
                                      const net::Endpoint& source,
                                      const TimeView& time) {
    Result<Verdict> verdict = judge_join(request, source.address, time);
    if (!verdict) {
        return verdict.error();
    }
    std::vector<std::byte> records = std::move(verdict->records);
    return decide(answer(request, *std::move(verdict), time), std::move(records));
}

Result<Issuer::Verdict> Issuer::judge_join(const Request& request,
                                           const net::IpAddress& source,
                                           const TimeView& time) {
    ledger_.on_time(time);
    if (!ready()) {
        return Verdict::refusal(Status::kWait);
    }
    const Ledger::Token* token = ledger_.token(request.token);
    if (token == nullptr || token->key != request.token_key) {
        return Verdict::refusal(Status::kUnknownToken);
    }
    if (is_revoked(request.identity_key)) {
        return Verdict::refusal(Status::kRevoked);
    }
    const Ledger::Use use{request.identity_key, time.now, source, request.name};
    const Ledger::Node* node = ledger_.live(request.identity_key);
    const bool is_again = token->use_of(request.identity_key) != nullptr;
    if (!is_again) {
        if (auto refusal = refuse_token(*token, source, time)) {
            return *std::move(refusal);
        }
    }
    if (auto clone = clone_of(request, use, *token)) {
        Verdict verdict = Verdict::refusal(Status::kUsedToken, clone->first);
        verdict.clone = std::move(clone);
        return verdict;
    }
    if (is_again) {
        return node != nullptr ? Verdict::granted(*node->bytes)
                               : Verdict::refusal(Status::kUsedToken, request.name);
    }
    return node != nullptr ? rejoin(*node, request, use, time)
                           : join_new(*token, request, use, time);
}

/// Where the token came from is asked first: who is elsewhere learns nothing of its users.
std::optional<Issuer::Verdict> Issuer::refuse_token(const Ledger::Token& token,
                                                    const net::IpAddress& source,
                                                    const TimeView& time) const {
    if (token.from && !token.from->contains(source)) {
        return Verdict::refusal(Status::kNotFromHere);
    }
    if (token.withdrawn || (time.trusted && time.now > token.expiry)) {
        return Verdict::refusal(Status::kExpiredToken);
    }
    if (token.open()) {
        return std::nullopt;
    }
    // A node that was removed from the ledger's snapshot still has the name it asked for.
    const Ledger::Use& first = token.used.front();
    const auto user = ledger_.nodes().find(first.identity_key);
    return Verdict::refusal(
        Status::kUsedToken,
        user == ledger_.nodes().end() ? first.wanted : user->second.certificate.name);
}

/// One identity key, and of place, token and name at least two are others: two machines from one
/// image. A token that replaces the very node is the operator's word that it is not.
std::optional<Clone> Issuer::clone_of(const Request& request,
                                      const Ledger::Use& use,
                                      const Ledger::Token& token) const {
    if (token.replaces == request.identity_key) {
        return std::nullopt;
    }
    Clone clone{request.identity_key, {}, {}, use.wanted, use.source};
    if (const Ledger::Node* node = ledger_.live(request.identity_key)) {
        const std::string& name = node->token ? node->use.wanted : node->certificate.name;
        const bool other_name = name != use.wanted && node->certificate.name != use.wanted;
        const bool other_place = node->token && node->use.source != use.source;
        const bool other_token = node->token != request.token;
        const bool takes_anothers_place =
            token.replaces && token.use_of(request.identity_key) == nullptr;
        if (int{other_name} + int{other_place} + int{other_token} < 2 && !takes_anothers_place) {
            return std::nullopt;
        }
        clone.first = node->certificate.name;
        clone.first_source = node->token ? std::optional{node->use.source} : std::nullopt;
        return clone;
    }
    // Another issuer's: two certificates of one key from two issuers cannot both be meant.
    const auto foreign = foreign_.find(request.identity_key);
    if (foreign == foreign_.end()) {
        return std::nullopt;
    }
    clone.first = foreign->second.name;
    return clone;
}

/// A member with another token (its certificate file was lost, or it is due): what it has, or the
/// next generation of that. The token counts as used.
Result<Issuer::Verdict> Issuer::rejoin(const Ledger::Node& node,
                                       const Request& request,
                                       const Ledger::Use& use,
                                       const TimeView& time) const {
    const journal::TokenUsed used{request.token, use};
    if (same_keys(node.certificate, request) && !is_due(node.certificate, time)) {
        return Verdict::granted(*node.bytes, journal::encode(used));
    }
    const auto certificate = sign(Grant::next(node.certificate, request), time);
    if (!certificate) {
        return certificate.error();
    }
    return Verdict::granted(*certificate,
                            journal::encode(journal::Granted{used, {}, *certificate}));
}

/// With --replace the new node has the old one's blocks at once. They need no rest of 24 h: that is
/// for nodes that have not heard of a revocation and would send a block's packets to its old owner,
/// of whom the operator has said here that it is gone; and the revocation is in the same record, so
/// that neither is without the other.
Result<Issuer::Verdict> Issuer::join_new(const Ledger::Token& token,
                                         const Request& request,
                                         const Ledger::Use& use,
                                         const TimeView& time) const {
    const Ledger::Node* old = token.replaces ? ledger_.live(*token.replaces) : nullptr;
    const std::string& name = token.name.empty() ? request.name : token.name;
    if (name.empty()) {
        return invalid("a join request names no node, and its token neither");
    }
    if (is_taken(name, old == nullptr ? nullptr : &*token.replaces)) {
        return Verdict::refusal(Status::kNameTaken, free_name(name));
    }
    Grant grant = Grant::first(request, name);
    grant.ephemeral = token.ephemeral;
    std::optional<journal::Revoked> revoked;
    if (old != nullptr) {
        grant.blocks = old->certificate.blocks;
        grant.routed = old->certificate.routed;
        revoked = journal::Revoked{sign_revocation(old->certificate, time), time.trusted};
    } else if (auto blocks = free_blocks(time)) {
        grant.blocks = *std::move(blocks);
    } else {
        return Verdict::refusal(Status::kPoolFull);
    }
    const auto certificate = sign(grant, time);
    if (!certificate) {
        return certificate.error();
    }
    Verdict verdict = Verdict::granted(*certificate);
    if (revoked) {
        verdict.revocation = revoked->bytes;
    }
    verdict.records = journal::encode(
        journal::Granted{journal::TokenUsed{request.token, use}, revoked, *certificate});
    return verdict;
}

}  // namespace weft::issuer
