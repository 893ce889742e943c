// SPDX-License-Identifier: Apache-2.0
// A trust store that knows its first issuer, and the keys of all who sign.
#pragma once

#include "statements.hpp"

namespace weft::test {

using identity::Certificate;
using identity::IssuerCertificate;
using identity::Rejected;
using identity::Revocation;
using identity::TimeView;
using identity::TrustStore;

inline constexpr TimeView kTime{kNow + kDay, true};

inline std::uint64_t serial(std::uint32_t issuer, std::uint32_t number) {
    return (std::uint64_t{issuer} << 32U) | number;
}
inline IssuerCertificate second_issuer() {
    IssuerCertificate second = issuer_certificate();
    second.number = 2;
    second.signing_key = signing_key(12).verify_key();
    second.slices = {prefix("10.72.0.0/13")};
    return second;
}

struct Store : testing::Test {
    identity::SigningKey root = signing_key(kRootSeed);
    identity::SigningKey next_root = signing_key(9);
    identity::SigningKey issuer = signing_key(kIssuerSeed);
    identity::SigningKey other = signing_key(12);
    TrustStore store{root.verify_key()};

    Store() { EXPECT_EQ(store.add_issuer(build(issuer_certificate(), root), kTime), std::nullopt); }

    std::optional<Rejected> admit(const Certificate& certificate, TimeView time = kTime) {
        const auto admitted = store.admit(build(certificate, issuer), time);
        return admitted ? std::nullopt : std::optional{admitted.error()};
    }
    std::optional<Rejected> add(const IssuerCertificate& certificate) {
        return store.add_issuer(build(certificate, root), kTime);
    }
    std::optional<Rejected> revoke(const Revocation& revocation) {
        return store.add_revocation(build(revocation, issuer));
    }
    std::optional<Rejected> revoke_by_root(Revocation revocation) {
        revocation.signer = identity::kRootSigner;
        return store.add_revocation(build(revocation, root));
    }
    std::optional<Rejected> revoke_issuer(std::uint32_t number, const identity::VerifyKey& key) {
        Revocation revocation = test::revocation();
        revocation.kind = Revocation::Kind::kIssuer;
        revocation.serial = number;
        revocation.key = key;
        revocation.number =
            store.revocations().contains(0) ? store.revocations().at(0).size() + 1 : 1;
        return revoke_by_root(revocation);
    }
};

}  // namespace weft::test
