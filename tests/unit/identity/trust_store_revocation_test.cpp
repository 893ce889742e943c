// SPDX-License-Identifier: Apache-2.0
// What revocations take back and what they cannot, and that nodes which have seen the same
// statements believe the same.
#include <algorithm>

#include "trust_store_world.hpp"

namespace weft::test {
namespace {

TEST_F(Store, a_revocation_takes_key_and_serial_back) {
    ASSERT_EQ(revoke(revocation()), std::nullopt);
    EXPECT_EQ(admit(certificate()), Rejected::kRevoked);
    EXPECT_EQ(store.withdrawn(certificate(), {0, false}), Rejected::kRevoked);
    Certificate same_key = certificate();
    same_key.serial += 1;
    EXPECT_EQ(admit(same_key), Rejected::kRevoked);
    Certificate same_serial = certificate();
    same_serial.identity_key = signing_key(30).verify_key();
    EXPECT_EQ(admit(same_serial), Rejected::kRevoked);
    Certificate fresh = same_serial;
    fresh.serial += 1;
    EXPECT_EQ(admit(fresh), std::nullopt);
    EXPECT_FALSE(store.is_revoked(fresh.identity_key, fresh.serial));
}

TEST_F(Store, an_issuers_revocation_reaches_its_own_serials_only) {
    ASSERT_EQ(add(second_issuer()), std::nullopt);
    Revocation foreign = revocation();
    foreign.serial = serial(2, 1);
    EXPECT_EQ(revoke(foreign), Rejected::kOutsideSlice);
    Revocation of_issuer = revocation();
    of_issuer.kind = Revocation::Kind::kIssuer;
    of_issuer.serial = 2;
    EXPECT_EQ(revoke(of_issuer), Rejected::kOutsideSlice);
    // A made-up serial of its own with the key of another's node: that one stays.
    ASSERT_EQ(revoke(revocation()), std::nullopt);
    EXPECT_TRUE(store.is_revoked(certificate().identity_key, serial(1, 1'000)));
    EXPECT_FALSE(store.is_revoked(certificate().identity_key, serial(2, 1)));
}

TEST_F(Store, the_root_revokes_anything) {
    ASSERT_EQ(revoke_by_root(revocation()), std::nullopt);
    EXPECT_EQ(admit(certificate()), Rejected::kRevoked);
    EXPECT_TRUE(store.is_revoked(certificate().identity_key, serial(2, 1)));
}

TEST_F(Store, revocations_come_without_gaps) {
    Revocation second = revocation();
    second.number = 2;
    second.serial += 1;
    EXPECT_EQ(revoke(second), Rejected::kGap);
    EXPECT_EQ(revoke(revocation()), std::nullopt);
    EXPECT_EQ(revoke(second), std::nullopt);
    EXPECT_EQ(revoke(revocation()), std::nullopt);  // again
    EXPECT_EQ(store.revocation_count(), 2U);
    ASSERT_EQ(store.revocations().at(1).size(), 2U);
    EXPECT_EQ(*store.revocations().at(1)[1], build(second, issuer));
}

TEST_F(Store, refuses_revocations_that_are_malformed_foreign_unknown_or_forged) {
    EXPECT_EQ(store.add_revocation({}), Rejected::kMalformed);
    Revocation one = revocation();
    one.network = {};
    EXPECT_EQ(revoke(one), Rejected::kForeignNetwork);
    one = revocation();
    one.signer = 2;
    one.serial = serial(2, 1);
    EXPECT_EQ(store.add_revocation(build(one, other)), Rejected::kUnknownIssuer);
    EXPECT_EQ(store.add_revocation(build(revocation(), other)), Rejected::kBadSignature);
    EXPECT_EQ(store.add_revocation(build(revocation(), root)), Rejected::kBadSignature);
    EXPECT_EQ(store.revocation_count(), 0U);
    EXPECT_EQ(store.revocation_digest(), 0U);
}

TEST_F(Store, two_revocations_of_one_number_end_the_same_in_any_order) {
    Revocation variant = revocation();
    variant.serial += 1;
    variant.key = signing_key(30).verify_key();
    const Buffer one = build(revocation(), issuer);
    const Buffer two = build(variant, issuer);
    TrustStore back{root.verify_key()};
    static_cast<void>(back.add_issuer(build(issuer_certificate(), root), kTime));
    ASSERT_EQ(store.add_revocation(one), std::nullopt);
    ASSERT_EQ(back.add_revocation(two), std::nullopt);
    EXPECT_NE(store.revocation_digest(), back.revocation_digest());
    EXPECT_NE(store.add_revocation(two), back.add_revocation(one));  // one is kConflict
    EXPECT_EQ(store.revocation_digest(), back.revocation_digest());
    EXPECT_EQ(*store.revocations().at(1)[0], *back.revocations().at(1)[0]);
    EXPECT_EQ(store.revocation_count(), 1U);
    EXPECT_EQ(store.conflicts(), 1U);
    for (const TrustStore* each : {&store, &back}) {  // nothing comes back to life
        EXPECT_TRUE(each->is_revoked(certificate().identity_key, certificate().serial));
        EXPECT_TRUE(each->is_revoked(variant.key, variant.serial));
    }
}

TEST_F(Store, the_digest_tells_whether_two_know_the_same) {
    TrustStore twin{root.verify_key()};
    static_cast<void>(twin.add_issuer(build(issuer_certificate(), root), kTime));
    Revocation by_root = revocation();
    by_root.signer = identity::kRootSigner;
    ASSERT_EQ(revoke(revocation()), std::nullopt);
    ASSERT_EQ(revoke_by_root(by_root), std::nullopt);
    ASSERT_EQ(twin.add_revocation(build(by_root, root)), std::nullopt);
    EXPECT_NE(store.revocation_digest(), twin.revocation_digest());
    ASSERT_EQ(twin.add_revocation(build(revocation(), issuer)), std::nullopt);
    EXPECT_EQ(store.revocation_digest(), twin.revocation_digest());
    EXPECT_NE(store.revocation_digest(), 0U);
}

TEST_F(Store, a_revoked_issuer_takes_all_it_has_signed_with_it) {
    ASSERT_EQ(revoke(revocation()), std::nullopt);
    ASSERT_EQ(revoke_issuer(1, issuer.verify_key()), std::nullopt);
    EXPECT_TRUE(store.issuer(1)->revoked);
    Certificate fresh = certificate();
    fresh.serial += 1;
    fresh.identity_key = signing_key(30).verify_key();
    EXPECT_EQ(admit(fresh), Rejected::kIssuerRevoked);
    EXPECT_EQ(store.withdrawn(fresh, {0, false}), Rejected::kIssuerRevoked);
    EXPECT_TRUE(store.is_revoked(fresh.identity_key, fresh.serial));
    // Its own revocations are gone, and no more are taken.
    EXPECT_FALSE(store.revocations().contains(1));
    EXPECT_EQ(store.revocation_count(), 1U);
    EXPECT_EQ(revoke(revocation()), Rejected::kIssuerRevoked);
    // A higher generation does not bring it back.
    IssuerCertificate again = issuer_certificate();
    again.generation = 5;
    EXPECT_EQ(add(again), std::nullopt);
    EXPECT_TRUE(store.issuer(1)->revoked);
}

TEST_F(Store, an_issuer_revoked_before_it_is_known_is_never_believed) {
    const Certificate by_second = [] {
        Certificate result = certificate();
        result.issuer_number = 2;
        result.serial = serial(2, 1);
        result.blocks = {prefix("10.72.1.0/24")};
        return result;
    }();
    const Buffer bytes = build(by_second, other);
    EXPECT_EQ(store.admit(bytes, kTime).error(), Rejected::kUnknownIssuer);
    ASSERT_EQ(revoke_issuer(2, other.verify_key()), std::nullopt);
    EXPECT_EQ(store.admit(bytes, kTime).error(), Rejected::kIssuerRevoked);
    EXPECT_EQ(add(second_issuer()), std::nullopt);  // to be relayed, with its revocation
    EXPECT_TRUE(store.issuer(2)->revoked);
    EXPECT_EQ(store.admit(bytes, kTime).error(), Rejected::kIssuerRevoked);

    IssuerCertificate same_key = second_issuer();
    same_key.number = 3;
    EXPECT_EQ(add(same_key), std::nullopt);
    EXPECT_TRUE(store.issuer(3)->revoked);
}

TEST_F(Store, ends_the_same_in_any_order) {
    std::vector<Buffer> statements = {build(issuer_certificate(), root),
                                      build(second_issuer(), root),
                                      build(revocation(), issuer)};
    Revocation of_second = revocation();
    of_second.signer = identity::kRootSigner;
    of_second.kind = Revocation::Kind::kIssuer;
    of_second.serial = 2;
    of_second.key = other.verify_key();
    statements.push_back(build(of_second, root));
    Revocation by_second = revocation();
    by_second.signer = 2;
    by_second.serial = serial(2, 5);
    statements.push_back(build(by_second, other));

    const auto offer_all = [&](TrustStore& to) {
        for (int round = 0; round < 2; ++round) {  // what was too early comes again
            for (const Buffer& bytes : statements) {
                static_cast<void>(to.add_issuer(bytes, kTime));
                static_cast<void>(to.add_revocation(bytes));
            }
        }
    };
    std::sort(statements.begin(), statements.end());
    std::optional<std::uint64_t> digest;
    do {
        TrustStore one{root.verify_key()};
        offer_all(one);
        EXPECT_EQ(one.revocation_digest(), digest.value_or(one.revocation_digest()));
        EXPECT_EQ(one.revocation_count(), 2U);
        EXPECT_TRUE(one.issuer(2)->revoked);
        digest = one.revocation_digest();
    } while (std::next_permutation(statements.begin(), statements.end()));
}

}  // namespace
}  // namespace weft::test
