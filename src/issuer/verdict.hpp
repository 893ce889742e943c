// SPDX-License-Identifier: Apache-2.0
// What the stages of a request hand on: what is to be granted, and what is to be said and written.
#pragma once

#include <weft/issuer/issuer.hpp>

namespace weft::issuer {

/// A certificate to be.
struct Issuer::Grant {
    VerifyKey identity_key;
    crypto::PublicKey wireguard_key;
    crypto::PublicKey gossip_key;
    std::uint32_t generation = 1;
    bool ephemeral = false;
    std::string name;
    std::vector<net::Prefix> blocks;
    std::vector<net::Prefix> routed;

    static Grant first(const Request& request, std::string name) {
        Grant grant;
        grant.identity_key = request.identity_key;
        grant.wireguard_key = request.wireguard_key;
        grant.gossip_key = request.gossip_key;
        grant.name = std::move(name);
        return grant;
    }
    /// The same node's next, with the keys of `request`.
    static Grant next(const identity::Certificate& newest, const Request& request) {
        Grant grant = first(request, newest.name);
        grant.generation = newest.generation + 1;
        grant.ephemeral = newest.ephemeral;
        grant.blocks = newest.blocks;
        grant.routed = newest.routed;
        return grant;
    }
};

struct Issuer::Verdict {
    identity::JoinReply::Status status{};
    std::string detail;
    std::vector<std::byte> certificate;
    std::vector<std::byte> revocation;
    std::optional<Clone> clone;
    std::vector<std::byte> records;  // to be written before it is told

    static Verdict refusal(identity::JoinReply::Status status, std::string detail = {}) {
        Verdict verdict;
        verdict.status = status;
        verdict.detail = std::move(detail);
        return verdict;
    }
    static Verdict granted(ConstBytes certificate, std::vector<std::byte> records = {}) {
        Verdict verdict;
        verdict.certificate.assign(certificate.begin(), certificate.end());
        verdict.records = std::move(records);
        return verdict;
    }
};

[[nodiscard]] inline bool same_keys(const identity::Certificate& certificate,
                                    const identity::JoinRequest& request) {
    return certificate.wireguard_key == request.wireguard_key &&
           certificate.gossip_key == request.gossip_key;
}

/// Whether half of its life is over, for certain.
[[nodiscard]] inline bool is_due(const identity::Certificate& certificate, const TimeView& time) {
    return time.trusted && time.now >= certificate.not_before &&
           time.now - certificate.not_before >=
               (certificate.not_after - certificate.not_before) / 2;
}

[[nodiscard]] inline bool is_newer(const identity::Certificate& certificate,
                                   const identity::Certificate& than) {
    return std::pair{certificate.generation, certificate.serial} >
           std::pair{than.generation, than.serial};
}

}  // namespace weft::issuer
