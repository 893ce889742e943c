// SPDX-License-Identifier: Apache-2.0
// Who is believed: certificates, issuers and roots, and every reason for a refusal. Revocations:
// trust_store_revocation_test.cpp.
#include "trust_store_world.hpp"

namespace weft::test {
namespace {

// ---- Certificates -------------------------------------------------------------------------------

TEST_F(Store, admits_what_is_good) {
    const auto admitted = store.admit(build(certificate(), issuer), kTime);
    ASSERT_TRUE(admitted);
    EXPECT_EQ(*admitted, certificate());
    EXPECT_EQ(store.withdrawn(certificate(), kTime), std::nullopt);
}

TEST_F(Store, refuses_what_is_malformed_foreign_unknown_or_forged) {
    EXPECT_EQ(store.admit({}, kTime).error(), Rejected::kMalformed);
    Buffer cut = build(certificate(), issuer);
    cut.pop_back();
    EXPECT_EQ(store.admit(cut, kTime).error(), Rejected::kMalformed);

    Certificate foreign = certificate();
    foreign.network = {};
    EXPECT_EQ(admit(foreign), Rejected::kForeignNetwork);

    Certificate unknown = certificate();
    unknown.issuer_number = 3;
    unknown.serial = serial(3, 1);
    EXPECT_EQ(admit(unknown), Rejected::kUnknownIssuer);
    EXPECT_EQ(store.withdrawn(unknown, kTime), Rejected::kUnknownIssuer);

    EXPECT_EQ(store.admit(build(certificate(), other), kTime).error(), Rejected::kBadSignature);
    EXPECT_EQ(store.admit(build(certificate(), root), kTime).error(), Rejected::kBadSignature);
}

TEST_F(Store, refuses_blocks_outside_the_slices) {
    for (const char* block : {"10.72.0.0/24", "10.64.0.0/12", "10.0.0.0/8", "fd00:1:3::/64"}) {
        Certificate outside = certificate();
        outside.blocks = {prefix(block)};
        EXPECT_EQ(admit(outside), Rejected::kOutsideSlice) << block;
        EXPECT_EQ(store.withdrawn(outside, kTime), Rejected::kOutsideSlice) << block;
    }
    Certificate whole = certificate();
    whole.blocks = {prefix("10.64.0.0/13")};
    EXPECT_EQ(admit(whole), std::nullopt);
    whole.blocks = {};
    EXPECT_EQ(admit(whole), std::nullopt);
}

TEST_F(Store, refuses_a_routed_prefix_inside_anothers_slice) {
    ASSERT_EQ(add(second_issuer()), std::nullopt);
    for (const char* routed : {"10.72.5.0/24", "10.72.0.0/13", "10.72.0.1"}) {
        Certificate thief = certificate();
        thief.routed = {prefix(routed)};
        EXPECT_EQ(admit(thief), Rejected::kOutsideSlice) << routed;
    }
    for (const char* routed : {"0.0.0.0/0", "10.0.0.0/8", "192.168.0.0/16", "10.65.0.0/16"}) {
        Certificate fair = certificate();
        fair.routed = {prefix(routed)};
        EXPECT_EQ(admit(fair), std::nullopt) << routed;
    }
}

TEST_F(Store, tells_what_is_expired_only_where_time_is_trusted) {
    const identity::UnixSeconds end = certificate().not_after;
    Certificate ephemeral = certificate();
    ephemeral.ephemeral = true;
    const struct {
        identity::UnixSeconds now;
        std::optional<Rejected> admitted;
        std::optional<Rejected> withdrawn;
        std::optional<Rejected> ephemeral;
    } cases[] = {
        {kNow - 301, Rejected::kNotYetValid, {}, {}},
        {kNow - 300, {}, {}, {}},
        {kNow, {}, {}, {}},
        {end, {}, {}, {}},
        {end + 1, Rejected::kExpired, {}, Rejected::kExpired},
        {end + TrustStore::kGrace, Rejected::kExpired, {}, Rejected::kExpired},
        {end + TrustStore::kGrace + 1, Rejected::kExpired, Rejected::kExpired, Rejected::kExpired},
        {~identity::UnixSeconds{0}, Rejected::kExpired, Rejected::kExpired, Rejected::kExpired},
    };
    for (const auto& one : cases) {
        const TimeView trusted{one.now, true};
        EXPECT_EQ(admit(certificate(), trusted), one.admitted) << one.now;
        EXPECT_EQ(store.withdrawn(certificate(), trusted), one.withdrawn) << one.now;
        EXPECT_EQ(store.withdrawn(ephemeral, trusted), one.ephemeral) << one.now;
        const TimeView doubtful{one.now, false};
        EXPECT_EQ(admit(certificate(), doubtful), std::nullopt) << one.now;
        EXPECT_EQ(store.withdrawn(ephemeral, doubtful), std::nullopt) << one.now;
    }
}

TEST_F(Store, a_certificate_does_not_outlive_its_issuers) {
    Certificate longer = certificate();
    longer.not_after = issuer_certificate().not_after + 1'000 * kDay;
    const identity::UnixSeconds end = issuer_certificate().not_after;
    EXPECT_EQ(admit(longer, {end, true}), std::nullopt);
    EXPECT_EQ(admit(longer, {end + 1, true}), Rejected::kExpired);
    EXPECT_EQ(store.withdrawn(longer, {end + TrustStore::kGrace, true}), std::nullopt);
    EXPECT_EQ(store.withdrawn(longer, {end + TrustStore::kGrace + 1, true}), Rejected::kExpired);
}

// ---- Issuers ------------------------------------------------------------------------------------

TEST_F(Store, takes_issuers_once_and_from_a_known_root_only) {
    EXPECT_EQ(add(issuer_certificate()), std::nullopt);  // again
    EXPECT_EQ(store.issuers().size(), 1U);
    EXPECT_EQ(store.add_issuer(build(second_issuer(), issuer), kTime), Rejected::kBadSignature);
    EXPECT_EQ(store.add_issuer(build(certificate(), issuer), kTime), Rejected::kMalformed);
    IssuerCertificate one = second_issuer();
    one.network = {};
    EXPECT_EQ(add(one), Rejected::kForeignNetwork);
    one = second_issuer();
    one.root_number = 1;
    EXPECT_EQ(add(one), Rejected::kUnknownIssuer);
    EXPECT_EQ(store.issuer(2), nullptr);
    EXPECT_EQ(add(second_issuer()), std::nullopt);
    ASSERT_NE(store.issuer(2), nullptr);
    EXPECT_EQ(store.issuer(2)->certificate, second_issuer());
    EXPECT_EQ(*store.issuer(2)->bytes, build(second_issuer(), root));
}

TEST_F(Store, tells_issuers_validity_where_time_is_trusted) {
    const IssuerCertificate second = second_issuer();
    const Buffer bytes = build(second, root);
    EXPECT_EQ(store.add_issuer(bytes, {second.not_before - 301, true}), Rejected::kNotYetValid);
    EXPECT_EQ(store.add_issuer(bytes, {second.not_after + TrustStore::kGrace + 1, true}),
              Rejected::kExpired);
    EXPECT_EQ(store.add_issuer(bytes, {second.not_after + 1, true}), std::nullopt);
}

TEST_F(Store, keeps_slices_apart) {
    for (const char* slice : {"10.64.0.0/13", "10.65.0.0/16", "10.64.0.0/12", "fd00:1:2::/48"}) {
        IssuerCertificate overlapping = second_issuer();
        overlapping.slices = {prefix(slice)};
        EXPECT_EQ(add(overlapping), Rejected::kConflict) << slice;
    }
    EXPECT_EQ(store.conflicts(), 4U);
    // A revoked issuer's slice can be given again, to another number.
    ASSERT_EQ(revoke_issuer(1, issuer.verify_key()), std::nullopt);
    IssuerCertificate heir = second_issuer();
    heir.slices = issuer_certificate().slices;
    EXPECT_EQ(add(heir), std::nullopt);
}

TEST_F(Store, the_higher_generation_of_an_issuer_replaces_the_lower) {
    IssuerCertificate renewed = issuer_certificate();
    renewed.generation = 2;
    renewed.slices = {prefix("10.64.0.0/14")};
    ASSERT_EQ(add(renewed), std::nullopt);
    EXPECT_EQ(store.issuer(1)->certificate, renewed);
    EXPECT_EQ(add(issuer_certificate()), std::nullopt);  // an old one changes nothing
    EXPECT_EQ(store.issuer(1)->certificate, renewed);
    EXPECT_EQ(store.conflicts(), 0U);

    Certificate now_outside = certificate();
    now_outside.blocks = {prefix("10.71.0.0/24")};
    EXPECT_EQ(store.withdrawn(now_outside, kTime), Rejected::kOutsideSlice);

    IssuerCertificate other_key = renewed;
    other_key.generation = 3;
    other_key.signing_key = other.verify_key();
    EXPECT_EQ(add(other_key), Rejected::kConflict);
    IssuerCertificate grown = renewed;
    grown.generation = 3;
    ASSERT_EQ(add(second_issuer()), std::nullopt);
    grown.slices = {prefix("10.64.0.0/12")};
    EXPECT_EQ(add(grown), Rejected::kConflict);
}

TEST_F(Store, two_issuer_certificates_of_one_generation_end_the_same_in_any_order) {
    IssuerCertificate variant = issuer_certificate();
    variant.name = "other";
    const Buffer one = build(issuer_certificate(), root);
    const Buffer two = build(variant, root);
    TrustStore forth{root.verify_key()};
    TrustStore back{root.verify_key()};
    static_cast<void>(forth.add_issuer(one, kTime));
    static_cast<void>(back.add_issuer(two, kTime));
    const auto first = forth.add_issuer(two, kTime);
    const auto second = back.add_issuer(one, kTime);
    EXPECT_NE(first, second);  // one of them is the loser's offer
    EXPECT_EQ(forth.issuer(1)->certificate, back.issuer(1)->certificate);
    EXPECT_GE(forth.conflicts(), 1U);
    EXPECT_GE(back.conflicts(), 1U);
}

TEST_F(Store, is_bounded) {
    IssuerCertificate next = second_issuer();
    for (std::uint32_t number = 2; number <= identity::kIssuersMax + 1; ++number) {
        next.number = number;
        next.slices = {};
        const bool fits = number <= identity::kIssuersMax;
        EXPECT_EQ(add(next), fits ? std::nullopt : std::optional{Rejected::kFull}) << number;
    }
}

// ---- Roots --------------------------------------------------------------------------------------

TEST_F(Store, a_root_is_succeeded_link_by_link) {
    const Buffer first = build(successor(), root);
    identity::Successor second{network(), 2, signing_key(10).verify_key(), kNow};
    EXPECT_EQ(store.add_successor(build(second, next_root)), Rejected::kGap);
    EXPECT_EQ(store.add_successor(build(successor(), issuer)), Rejected::kBadSignature);
    EXPECT_EQ(store.add_successor(first), std::nullopt);
    EXPECT_EQ(store.add_successor(first), std::nullopt);
    EXPECT_EQ(store.root(), next_root.verify_key());
    EXPECT_EQ(store.network(), network());
    EXPECT_EQ(store.add_successor(build(second, root)), Rejected::kBadSignature);
    EXPECT_EQ(store.add_successor(build(second, next_root)), std::nullopt);
    ASSERT_EQ(store.successors().size(), 2U);
    EXPECT_EQ(*store.successors()[0], first);

    identity::Successor rival = successor();
    rival.time += 1;
    EXPECT_EQ(store.add_successor(build(rival, root)), Rejected::kConflict);
    EXPECT_EQ(store.conflicts(), 1U);
    identity::Successor foreign = successor();
    foreign.network = {};
    EXPECT_EQ(store.add_successor(build(foreign, root)), Rejected::kForeignNetwork);
    EXPECT_EQ(store.add_successor({}), Rejected::kMalformed);
}

TEST_F(Store, successors_are_bounded) {
    for (std::uint8_t number = 1; number <= identity::kRootsMax; ++number) {
        const auto signer = number == 1 ? signing_key(kRootSeed) : signing_key(100 + number - 1);
        const identity::Successor next{
            network(),
            number,
            signing_key(static_cast<std::uint8_t>(100 + number)).verify_key(),
            kNow};
        const bool fits = number < identity::kRootsMax;
        EXPECT_EQ(store.add_successor(build(next, signer)),
                  fits ? std::nullopt : std::optional{Rejected::kFull});
    }
}

TEST_F(Store, a_successor_signs_issuers_and_revocations_and_outranks_its_predecessor) {
    ASSERT_EQ(store.add_successor(build(successor(), root)), std::nullopt);
    IssuerCertificate by_next = issuer_certificate();
    by_next.root_number = 1;
    EXPECT_EQ(store.add_issuer(build(by_next, root), kTime), Rejected::kBadSignature);
    EXPECT_EQ(store.add_issuer(build(by_next, next_root), kTime), std::nullopt);
    IssuerCertificate by_old = issuer_certificate();
    by_old.generation = 9;
    EXPECT_EQ(add(by_old), std::nullopt);
    EXPECT_EQ(store.issuer(1)->certificate, by_next);

    Revocation revocation = test::revocation();
    revocation.signer = identity::kRootSigner;
    revocation.root_number = 1;
    EXPECT_EQ(store.add_revocation(build(revocation, root)), Rejected::kBadSignature);
    EXPECT_EQ(store.add_revocation(build(revocation, next_root)), std::nullopt);
    revocation.root_number = 2;
    revocation.number = 2;
    EXPECT_EQ(store.add_revocation(build(revocation, next_root)), Rejected::kUnknownIssuer);
}

TEST(Rejections, have_names) {
    std::set<std::string_view> names;
    for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(Rejected::kCount); ++i) {
        names.insert(to_string(static_cast<Rejected>(i)));
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(Rejected::kCount));
    EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace weft::test
