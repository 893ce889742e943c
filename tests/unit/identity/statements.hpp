// SPDX-License-Identifier: Apache-2.0
// A network of fixed keys and one statement of each kind, good as it is, for tests to spoil.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weft/identity/trust_store.hpp>

#include "hex.hpp"
#include "parsed.hpp"

namespace weft::test {

using Buffer = std::vector<std::byte>;

inline constexpr identity::UnixSeconds kDay = 86'400;
inline constexpr identity::UnixSeconds kNow = 1'800'000'000;  // January 2027

/// Key pairs by a number: seeds of that byte, 32 times.
inline identity::SigningKey signing_key(std::uint8_t number) {
    Secret<32> seed;
    for (std::byte& byte : seed.mutable_bytes()) {
        byte = std::byte{number};
    }
    return identity::SigningKey::from_seed(std::move(seed));
}
inline crypto::PrivateKey private_key(std::uint8_t number) {
    crypto::PrivateKey key{signing_key(number).seed().bytes()};
    crypto::clamp(key);
    return key;
}
inline crypto::PublicKey public_key(std::uint8_t number) {
    return crypto::public_key_of(private_key(number));
}

inline constexpr std::uint8_t kRootSeed = 1;
inline constexpr std::uint8_t kIssuerSeed = 2;
inline constexpr std::uint8_t kNodeSeed = 3;

inline identity::NetworkId network() {
    return identity::network_id_of(signing_key(kRootSeed).verify_key());
}
inline identity::Certificate certificate() {
    identity::Certificate certificate;
    certificate.network = network();
    certificate.issuer_number = 1;
    certificate.serial = (std::uint64_t{1} << 32U) | 7;
    certificate.generation = 2;
    certificate.not_before = kNow;
    certificate.not_after = kNow + 365 * kDay;
    certificate.identity_key = signing_key(kNodeSeed).verify_key();
    certificate.wireguard_key = public_key(4);
    certificate.gossip_key = public_key(5);
    certificate.name = "board-1";
    certificate.blocks = {prefix("10.64.3.0/24"), prefix("fd00:1:2:3::/64")};
    certificate.routed = {prefix("192.168.7.0/24")};
    return certificate;
}
inline identity::IssuerCertificate issuer_certificate() {
    identity::IssuerCertificate certificate;
    certificate.network = network();
    certificate.number = 1;
    certificate.not_before = kNow - kDay;
    certificate.not_after = kNow + 3650 * kDay;
    certificate.signing_key = signing_key(kIssuerSeed).verify_key();
    certificate.sealing_key = public_key(6);
    certificate.name = "hub";
    certificate.slices = {prefix("10.64.0.0/13"), prefix("fd00:1:2::/49")};
    return certificate;
}
inline identity::Revocation revocation() {
    identity::Revocation revocation;
    revocation.network = network();
    revocation.signer = 1;
    revocation.number = 1;
    revocation.kind = identity::Revocation::Kind::kNode;
    revocation.serial = certificate().serial;
    revocation.key = certificate().identity_key;
    revocation.time = kNow + kDay;
    return revocation;
}
inline identity::Successor successor() {
    return {network(), 1, signing_key(9).verify_key(), kNow};
}

/// One kind of statement as tests go over all of them.
struct Kind {
    std::string name;  // as in tests/vectors/identity_statements.txt
    std::string_view kind;
    Buffer bytes;
    identity::VerifyKey signer;
    std::function<Result<>(ConstBytes)> parse;
};

template <class Parsed>
std::function<Result<>(ConstBytes)> only_whether(Result<Parsed> (*parse)(ConstBytes)) {
    return [parse](ConstBytes bytes) -> Result<> {
        const auto parsed = parse(bytes);
        return parsed ? Result<>{} : Result<>{parsed.error()};
    };
}

inline std::vector<Kind> kinds() {
    const identity::SigningKey root = signing_key(kRootSeed);
    const identity::SigningKey issuer = signing_key(kIssuerSeed);
    return {{"certificate",
             identity::kKindCertificate,
             build(certificate(), issuer),
             issuer.verify_key(),
             only_whether(identity::parse_certificate)},
            {"issuer",
             identity::kKindIssuer,
             build(issuer_certificate(), root),
             root.verify_key(),
             only_whether(identity::parse_issuer_certificate)},
            {"revocation",
             identity::kKindRevocation,
             build(revocation(), issuer),
             issuer.verify_key(),
             only_whether(identity::parse_revocation)},
            {"successor",
             identity::kKindSuccessor,
             build(successor(), root),
             root.verify_key(),
             only_whether(identity::parse_successor)}};
}

}  // namespace weft::test
