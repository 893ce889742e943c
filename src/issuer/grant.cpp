// SPDX-License-Identifier: Apache-2.0
// What every grant goes through: may this issuer grant at all, which name, which blocks; then the
// signature.
#include <algorithm>
#include <limits>

#include "verdict.hpp"

namespace weft::issuer {
namespace {

/// "web-2" is the second "web".
std::string_view base_of(std::string_view name) {
    const std::size_t end = name.find_last_not_of("0123456789");
    const bool numbered =
        end != std::string_view::npos && end > 0 && end + 1 < name.size() && name[end] == '-';
    return numbered ? name.substr(0, end) : name;
}

std::string numbered_name(std::string_view base, std::uint64_t number) {
    const std::string suffix = '-' + std::to_string(number);
    base = base.substr(0, identity::kNameSizeMax - suffix.size());
    return std::string{base} + suffix;
}

bool overlaps_any(const net::Prefix& prefix, const std::vector<net::Prefix>& others) {
    return std::any_of(others.begin(), others.end(), [&](const net::Prefix& other) {
        return prefix.overlaps(other);
    });
}

}  // namespace

Result<> Issuer::may_grant(const TimeView& time) const {
    const identity::TrustStore::Issuer* known = parts_.trust.issuer(parts_.certificate.number);
    if (known != nullptr && known->revoked) {
        return invalid("this issuer was revoked",
                       "add another: `weft issuer add`, where the root key is");
    }
    if (time.trusted && time.now > parts_.certificate.not_after) {
        return invalid("the issuer certificate of this node has expired",
                       "renew it: `weft issuer add`, where the root key is");
    }
    if (ledger_.next_counter() == 0) {
        return invalid("this issuer has no serial left",
                       "add another: `weft issuer add`, where the root key is");
    }
    return {};
}

Result<std::vector<std::byte>> Issuer::sign(const Grant& grant, const TimeView& time) const {
    if (Result<> may = may_grant(time); !may) {
        return may.error();
    }
    if (grant.generation == 0) {
        return invalid("node " + grant.name + " has no generation left",
                       "let it join anew: `weft token create --replace " + grant.name + '`');
    }
    identity::Certificate certificate;
    certificate.network = parts_.certificate.network;
    certificate.issuer_number = parts_.certificate.number;
    certificate.serial = std::uint64_t{parts_.certificate.number} << 32 | ledger_.next_counter();
    certificate.generation = grant.generation;
    certificate.ephemeral = grant.ephemeral;
    certificate.not_before = time.now;
    certificate.not_after = time.now + (grant.ephemeral ? kEphemeralLife : kCertificateLife);
    certificate.identity_key = grant.identity_key;
    certificate.wireguard_key = grant.wireguard_key;
    certificate.gossip_key = grant.gossip_key;
    certificate.name = grant.name;
    certificate.blocks = grant.blocks;
    certificate.routed = grant.routed;
    if (identity::encoded_size(certificate) > identity::kCertificateSizeMax) {
        return invalid(
            "the name and the prefixes of " + grant.name + " are more than a certificate holds",
            "a shorter name, or fewer routed prefixes");
    }
    return build(certificate, parts_.signing_key);
}

std::vector<std::byte> Issuer::sign_revocation(const identity::Certificate& certificate,
                                               const TimeView& time) const {
    identity::Revocation revocation;
    revocation.network = parts_.certificate.network;
    revocation.signer = parts_.certificate.number;
    revocation.number = ledger_.revocations().size() + 1;
    revocation.kind = identity::Revocation::Kind::kNode;
    revocation.serial = certificate.serial;
    revocation.key = certificate.identity_key;
    revocation.time = time.now;
    return build(revocation, parts_.signing_key);
}

/// One of each family that the slices have; nullopt: a family has none left.
std::optional<std::vector<net::Prefix>> Issuer::free_blocks(const TimeView& time) const {
    std::vector<net::Prefix> blocks;
    for (const net::Family family : {net::Family::kIpv4, net::Family::kIpv6}) {
        if (!ledger_.pool().gives(family)) {
            continue;
        }
        const auto block = ledger_.pool().next(family, time);
        if (!block) {
            return std::nullopt;
        }
        blocks.push_back(*block);
    }
    return blocks;
}

/// By this issuer, by the root, or by any issuer that is not revoked itself.
bool Issuer::is_revoked(const VerifyKey& identity_key) const {
    const auto by = [&](std::uint32_t issuer) {
        return parts_.trust.is_revoked(identity_key, std::uint64_t{issuer} << 32);
    };
    const auto& issuers = parts_.trust.issuers();
    return ledger_.is_revoked(identity_key) || by(identity::kRootSigner) ||
           std::any_of(issuers.begin(), issuers.end(), [&](const auto& entry) {
               return !entry.second.revoked && by(entry.first);
           });
}

bool Issuer::is_taken(const std::string& name, const VerifyKey* except) const {
    const Ledger::Node* holder = ledger_.holder(name);
    if (holder != nullptr && (except == nullptr || holder->certificate.identity_key != *except)) {
        return true;
    }
    const auto foreign = foreign_names_.find(name);
    return foreign != foreign_names_.end() && (except == nullptr || foreign->second != *except) &&
           !parts_.trust.is_revoked(foreign->second, foreign_.at(foreign->second).serial);
}

std::string Issuer::free_name(const std::string& wanted) const {
    const std::string_view base = base_of(wanted);
    std::uint64_t number = 2;
    while (is_taken(numbered_name(base, number), nullptr)) {
        ++number;  // ends: there are fewer nodes than numbers
    }
    return numbered_name(base, number);
}

Result<> Issuer::check_routed(const std::vector<net::Prefix>& routed) const {
    if (routed.size() > identity::kRoutedMax) {
        return invalid(
            "a node has at most " + std::to_string(identity::kRoutedMax) + " routed prefixes",
            "route fewer, larger ones");
    }
    for (std::size_t i = 0; i < routed.size(); ++i) {
        const net::Prefix& prefix = routed[i];
        if (prefix != prefix.masked() || prefix.address.is_loopback() ||
            prefix.address.is_link_local() || prefix.address.is_multicast() ||
            (i > 0 && (!(routed[i - 1] < prefix) || routed[i - 1].overlaps(prefix)))) {
            return invalid("routed prefix " + prefix.to_string() + " cannot be certified",
                           "prefixes of hosts, without host bits, in order, none inside another");
        }
        const auto& issuers = parts_.trust.issuers();
        const bool in_pool = overlaps_any(prefix, settings_.pools) ||
                             overlaps_any(prefix, parts_.certificate.slices) ||
                             std::any_of(issuers.begin(), issuers.end(), [&](const auto& entry) {
                                 return overlaps_any(prefix, entry.second.certificate.slices);
                             });
        if (in_pool) {
            return invalid("routed prefix " + prefix.to_string() + " overlaps the pool",
                           "route prefixes that are outside of it");
        }
        for (const auto& [key, node] : ledger_.nodes()) {
            if (!node.revoked && overlaps_any(prefix, node.certificate.routed)) {
                return invalid("routed prefix " + prefix.to_string() + " overlaps one of node " +
                                   node.certificate.name,
                               "a prefix has one owner: `weft node list`");
            }
        }
    }
    return {};
}

Answer Issuer::answer(const Request& request, Verdict verdict, const TimeView& time) {
    identity::JoinReply reply;
    reply.status = verdict.status;
    reply.time = time.now;
    reply.detail = std::move(verdict.detail);
    if (verdict.status == identity::JoinReply::Status::kGranted) {
        const std::uint32_t by = identity::parse_certificate(verdict.certificate)->issuer_number;
        const identity::TrustStore::Issuer* issuer = parts_.trust.issuer(by);
        reply.certificate = verdict.certificate;
        reply.issuer_certificate = by == parts_.certificate.number || issuer == nullptr
                                       ? parts_.certificate_bytes
                                       : *issuer->bytes;
        reply.pools = settings_.pools;
        reply.seeds = seeds_;
    }
    Answer answer;
    answer.status = verdict.status;
    answer.sealed = seal_join_reply(reply, request.reply_key, parts_.sealing_key, parts_.random);
    answer.certificate = std::move(verdict.certificate);
    answer.revocation = std::move(verdict.revocation);
    answer.clone = std::move(verdict.clone);
    return answer;
}

}  // namespace weft::issuer
