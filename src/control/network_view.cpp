// SPDX-License-Identifier: Apache-2.0
// The network as the API's values. Pure; control thread.
#include <algorithm>
#include <set>

#include <weft/base/encoding.hpp>

#include "network_impl.hpp"

namespace weft::control {
namespace {

api::MemberStatus status_of(const gossip::Node& node,
                            const gossip::Member& member,
                            const std::set<std::string>& issuers) {
    const identity::Certificate& certificate = member.certificate->certificate;
    const gossip::Record& record = member.record->record;
    api::MemberStatus status;
    status.name = certificate.name;
    status.id = member.id().to_string();
    status.self = member.id() == node.id();
    status.state = status.self ? "alive" : to_string(node.reachability(member.id()));
    status.issuer = issuers.contains(certificate.name);
    status.ephemeral = certificate.ephemeral;
    status.blocks = texts(certificate.blocks);
    status.routed = texts(certificate.routed);
    status.endpoints = texts(record.endpoints);
    if (const auto seen = node.seen_endpoint(member.id())) {
        status.endpoint = seen->to_string();
    }
    status.software = record.software;
    status.public_key = to_base64(certificate.wireguard_key.bytes);
    status.generation = certificate.generation;
    status.not_after_ms = milliseconds(certificate.not_after);
    return status;
}

std::set<std::string> issuer_names(const identity::TrustStore& trust) {
    std::set<std::string> names;
    for (const auto& [number, issuer] : trust.issuers()) {
        if (!issuer.revoked) {
            names.insert(issuer.certificate.name);
        }
    }
    return names;
}

/// As if there were no clock but the trusted one.
const char* token_state(const issuer::Ledger::Token& token, identity::UnixSeconds now) {
    if (token.withdrawn) {
        return "withdrawn";
    }
    if (!token.open()) {
        return "used";
    }
    return token.expiry <= now ? "expired" : "open";
}

api::BlockStock stock_of(const issuer::Issuer& issuer,
                         const identity::IssuerCertificate& certificate,
                         net::Family family,
                         std::uint8_t block) {
    const issuer::BlockPool::Count count = issuer.ledger().pool().count(family);
    api::BlockStock stock;
    stock.family = family == net::Family::kIpv4 ? "ipv4" : "ipv6";
    for (const net::Prefix& slice : certificate.slices) {
        if (slice.address.family() == family) {
            stock.slices.push_back(slice.to_string());
        }
    }
    stock.block = block;
    stock.total = count.total;
    stock.owned = count.owned;
    stock.resting = count.resting;
    return stock;
}

}  // namespace

api::NetworkReply network_reply(const mesh::Participant& participant, bool already) {
    const identity::Certificate& certificate = participant.certificate();
    return {certificate.network.to_string(),
            certificate.name,
            certificate.id().to_string(),
            texts(certificate.blocks),
            texts(participant.network().pools),
            already};
}

api::Members members_of(const mesh::Participant& participant) {
    api::Members members;
    if (!participant.is_member()) {
        return members;
    }
    members.network = participant.certificate().network.to_string();
    members.pools = texts(participant.network().pools);
    const std::set<std::string> issuers = issuer_names(participant.trust());
    const gossip::Node& node = participant.gossip();
    for (const auto& [id, member] : node.members().members()) {
        members.members.push_back(status_of(node, member, issuers));
    }
    std::sort(members.members.begin(), members.members.end(), [](const auto& a, const auto& b) {
        return std::tie(a.name, a.id) < std::tie(b.name, b.id);
    });
    return members;
}

api::GossipStatus gossip_of(const mesh::Participant& participant) {
    api::GossipStatus status;
    gossip::Counters counters;
    for (const char* const state : {"alive", "suspect", "dead", "left"}) {
        status.members[state] = 0;
    }
    if (participant.is_member()) {
        const gossip::Node& node = participant.gossip();
        counters = node.counters();
        for (const auto& [id, member] : node.members().members()) {
            ++status.members[std::string{id == node.id() ? "alive"
                                                         : to_string(node.reachability(id))}];
        }
    }
    status.counters = {{"datagrams_in", counters.datagrams_in},
                       {"datagrams_out", counters.datagrams_out},
                       {"bytes_in", counters.bytes_in},
                       {"bytes_out", counters.bytes_out},
                       {"unopened", counters.unopened},
                       {"malformed", counters.malformed},
                       {"older", counters.older},
                       {"over_budget", counters.over_budget},
                       {"equivocated", counters.equivocated},
                       {"suspicions", counters.suspicions},
                       {"deaths", counters.deaths},
                       {"refutations", counters.refutations},
                       {"syncs", counters.syncs}};
    for (std::size_t i = 0; i < counters.rejected.size(); ++i) {
        status.rejected[std::string{to_string(static_cast<identity::Rejected>(i))}] =
            counters.rejected[i];
    }
    return status;
}

api::Ipam ipam_of(const mesh::Participant& participant) {
    api::Ipam ipam;
    if (!participant.is_member()) {
        return ipam;
    }
    ipam.pools = texts(participant.network().pools);
    std::vector<std::pair<net::Prefix, api::BlockOwner>> owners;
    for (const auto& [id, member] : participant.gossip().members().members()) {
        const identity::Certificate& certificate = member.certificate->certificate;
        for (const net::Prefix& block : certificate.blocks) {
            owners.push_back({block, {block.to_string(), certificate.name, id.to_string()}});
        }
    }
    std::sort(owners.begin(), owners.end(), [](const auto& a, const auto& b) {
        return std::tie(a.first, a.second.id) < std::tie(b.first, b.second.id);
    });
    for (auto& [block, owner] : owners) {
        ipam.owners.push_back(std::move(owner));
    }
    const issuer::Issuer* const issuer = participant.issuer();
    if (issuer == nullptr) {
        return ipam;
    }
    const issuer::BlockSizes blocks = participant.network().blocks;
    const identity::IssuerCertificate& certificate = issuer->certificate();
    for (const net::Family family : {net::Family::kIpv4, net::Family::kIpv6}) {
        if (issuer->ledger().pool().gives(family)) {
            const std::uint8_t block = family == net::Family::kIpv4 ? blocks.v4 : blocks.v6;
            ipam.stocks.push_back(stock_of(*issuer, certificate, family, block));
        }
    }
    return ipam;
}

std::vector<api::TokenStatus> tokens_of(const mesh::Participant& participant) {
    std::vector<api::TokenStatus> tokens;
    const issuer::Issuer& issuer = *participant.issuer();
    const identity::UnixSeconds now = participant.time().view().now;
    for (const auto& [id, token] : issuer.tokens()) {
        api::TokenStatus status;
        status.id = to_hex(id);
        status.state = token_state(token, now);
        if (!token.name.empty()) {
            status.name = token.name;
        }
        if (token.from) {
            status.from = token.from->to_string();
        }
        if (token.replaces) {
            status.replaces = identity::node_id_of(*token.replaces).to_string();
        }
        status.ephemeral = token.ephemeral;
        status.uses = token.uses;
        for (const issuer::Ledger::Use& use : token.used) {
            const issuer::Ledger::Node* const node = issuer.ledger().live(use.identity_key);
            status.used.push_back({identity::node_id_of(use.identity_key).to_string(),
                                   node != nullptr ? node->certificate.name : use.wanted,
                                   use.source.to_string(),
                                   milliseconds(use.time)});
        }
        status.created_ms = milliseconds(token.created);
        status.expires_ms = milliseconds(token.expiry);
        tokens.push_back(std::move(status));
    }
    return tokens;
}

api::RotationReply rotation_of(const mesh::Participant& participant) {
    const identity::Certificate& certificate = participant.certificate();
    return {certificate.name,
            participant.is_rotating(),
            to_base64(certificate.wireguard_key.bytes),
            certificate.generation};
}

/// `number` alone where none is known.
api::IssuerStatus issuer_of(const mesh::Participant& participant, std::uint32_t number) {
    api::IssuerStatus status;
    status.number = number;
    const identity::TrustStore::Issuer* const issuer = participant.trust().issuer(number);
    if (issuer == nullptr) {
        return status;
    }
    const issuer::Issuer* const own = participant.issuer();
    status.name = issuer->certificate.name;
    status.slices = texts(issuer->certificate.slices);
    status.not_after_ms = milliseconds(issuer->certificate.not_after);
    status.revoked = issuer->revoked;
    status.self = own != nullptr && own->certificate().number == number;
    return status;
}

std::vector<api::IssuerStatus> issuers_of(const mesh::Participant& participant) {
    std::vector<api::IssuerStatus> issuers;
    for (const auto& [number, issuer] : participant.trust().issuers()) {
        issuers.push_back(issuer_of(participant, number));
    }
    return issuers;
}

api::CertificateStatus certificate_of(const mesh::Participant& participant) {
    const identity::Certificate& certificate = participant.certificate();
    api::CertificateStatus status;
    status.network = certificate.network.to_string();
    status.name = certificate.name;
    status.id = certificate.id().to_string();
    status.serial = certificate.serial;
    status.generation = certificate.generation;
    status.ephemeral = certificate.ephemeral;
    status.blocks = texts(certificate.blocks);
    status.routed = texts(certificate.routed);
    status.not_before_ms = milliseconds(certificate.not_before);
    status.not_after_ms = milliseconds(certificate.not_after);
    status.identity_key = to_base64(certificate.identity_key.bytes);
    status.public_key = to_base64(certificate.wireguard_key.bytes);
    status.gossip_key = to_base64(certificate.gossip_key.bytes);
    status.renewing = participant.is_renewing();
    status.rotating = participant.is_rotating();
    status.issuer = issuer_of(participant, certificate.issuer_number);
    return status;
}

}  // namespace weft::control
