// SPDX-License-Identifier: Apache-2.0
// A network of keys that follow from numbers, and what its members sign: the same test gives the
// same bytes.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <weft/base/clock.hpp>
#include <weft/base/endian.hpp>
#include <weft/gossip/messages.hpp>
#include <weft/identity/revocation.hpp>

#include "parsed.hpp"

namespace weft::test {

using Buffer = std::vector<std::byte>;

inline constexpr identity::UnixSeconds kBirth = 1'800'000'000;  // January 2027
inline constexpr identity::UnixSeconds kDay = 86'400;
inline constexpr Time kStart{std::chrono::seconds{10'000}};
inline constexpr std::uint32_t kIssuer = 1;

// ---- Keys and statements ------------------------------------------------------------------------

inline identity::SigningKey signing_key(std::uint32_t number) {
    Secret<32> seed;
    store_le32(seed.mutable_bytes().data(), number);
    return identity::SigningKey::from_seed(std::move(seed));
}
inline crypto::PrivateKey private_key(std::uint32_t number) {
    crypto::PrivateKey key;
    store_le32(key.mutable_bytes().data() + 4, number + 1);
    crypto::clamp(key);
    return key;
}

inline identity::SigningKey root_key(std::uint32_t network) {
    return signing_key(network);
}
inline identity::SigningKey issuer_key() {
    return signing_key(500);
}
inline identity::SigningKey node_key(std::uint32_t number) {
    return signing_key(1'000 + number);
}
inline identity::NetworkId network(std::uint32_t number = 1) {
    return identity::network_id_of(root_key(number).verify_key());
}
inline identity::NodeId node_id(std::uint32_t number) {
    return identity::node_id_of(node_key(number).verify_key());
}

inline identity::IssuerCertificate issuer_certificate() {
    identity::IssuerCertificate issuer;
    issuer.network = network();
    issuer.number = kIssuer;
    issuer.not_before = kBirth - 365 * kDay;
    issuer.not_after = kBirth + 3'650 * kDay;
    issuer.signing_key = issuer_key().verify_key();
    issuer.sealing_key = crypto::public_key_of(private_key(1));
    issuer.name = "hub";
    issuer.slices = {prefix("10.0.0.0/8"), prefix("fd00::/16")};
    return issuer;
}
inline Buffer issuer_bytes() {
    return build(issuer_certificate(), root_key(1));
}
/// `number`: up to 65,535; it has 10.(number).0/24.
inline identity::Certificate certificate(std::uint32_t number) {
    const ByteArray<4> block{std::byte{10},
                             static_cast<std::byte>(number >> 8U),
                             static_cast<std::byte>(number),
                             std::byte{0}};
    identity::Certificate certificate;
    certificate.network = network();
    certificate.issuer_number = kIssuer;
    certificate.serial = std::uint64_t{kIssuer} << 32U | number;
    certificate.not_before = kBirth - kDay;
    certificate.not_after = kBirth + 365 * kDay;
    certificate.identity_key = node_key(number).verify_key();
    certificate.wireguard_key = crypto::public_key_of(private_key(100'000 + number));
    certificate.gossip_key = crypto::public_key_of(private_key(200'000 + number));
    certificate.name = "node-" + std::to_string(number);
    certificate.blocks = {net::Prefix{net::IpAddress{block}, 24}};
    return certificate;
}
inline Buffer certificate_bytes(std::uint32_t number) {
    return build(certificate(number), issuer_key());
}
inline gossip::Record record(std::uint32_t number, std::uint64_t sequence = 1) {
    gossip::Record record;
    record.node = node_id(number);
    record.order = {1, kBirth, sequence};
    record.boot_id = number;
    record.mtu = 1'420;
    record.software = "test";
    record.endpoints = {{net::IpAddress::parse("192.0.2.1").value(), 51'840, 0}};
    return record;
}
inline Buffer sign(const gossip::Record& record, std::uint32_t by) {
    return build(record, network(), node_key(by));
}
inline Buffer record_bytes(std::uint32_t number, std::uint64_t sequence = 1) {
    return sign(record(number, sequence), number);
}
inline Buffer revocation_bytes(std::uint32_t node, std::uint64_t number = 1) {
    identity::Revocation revocation;
    revocation.network = network();
    revocation.signer = kIssuer;
    revocation.number = number;
    revocation.serial = certificate(node).serial;
    revocation.key = certificate(node).identity_key;
    revocation.time = kBirth;
    return build(revocation, issuer_key());
}

/// A member's two statements as others keep them.
struct Statements {
    explicit Statements(std::uint32_t number, std::uint64_t sequence = 1)
        : certificate(certificate_bytes(number)), record(record_bytes(number, sequence)) {}
    Statements(Buffer certificate_of, Buffer record_of)
        : certificate(std::move(certificate_of)), record(std::move(record_of)) {}

    [[nodiscard]] gossip::MemberItem item(bool pushed = false) const {
        return {certificate, record, pushed};
    }
    Buffer certificate;
    Buffer record;
};

}  // namespace weft::test
