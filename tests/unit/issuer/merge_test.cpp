// SPDX-License-Identifier: Apache-2.0
// An issuer whose ledger came from a backup learns from a member what it granted since.
#include <gtest/gtest.h>

#include "issuer_world.hpp"
#include "seed.hpp"

namespace weft::test {
namespace {

issuer::Known known_of(const std::vector<Buffer>& certificates,
                       const std::vector<Buffer>& revocations = {}) {
    issuer::Known known;
    for (const Buffer& each : certificates) {
        known.certificates.push_back(share(each));
    }
    for (const Buffer& each : revocations) {
        known.revocations.push_back(share(each));
    }
    return known;
}

TEST(IssuerMerge, a_member_that_knows_no_more_changes_nothing) {
    IssuerWorld world;
    const Buffer first = world.join(Machine{1}).reply.certificate;
    const Buffer revoked = world.join(Machine{2}).reply.certificate;
    const Buffer revocation = world.revoke("m2");
    world.now += 200 * kDay;
    world.renew(Machine{1}, first);
    const std::string token = world.token();
    world.journal = world.subject->snapshot(world.view());  // the first certificate is forgotten
    world.restart(false);
    const std::size_t size = world.journal.size();
    const auto merged = world.commit(
        world.subject->merge_known(known_of({first, revoked, first}, {revocation}), world.view()));
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->certificates + merged->revocations + merged->tokens_withdrawn, 0U);
    EXPECT_EQ(world.journal.size(), size);
    EXPECT_TRUE(world.subject->ready());
    EXPECT_EQ(world.join(Machine{3}, token).status(), Status::kGranted);
}

TEST(IssuerMerge, a_restored_backup_grants_nothing_twice) {
    IssuerWorld world;
    world.join(Machine{1});
    const std::string open_then = world.token();
    const std::string replacing = world.token({.replace = "m1"});
    const Buffer backup = world.journal;

    std::vector<Buffer> certificates;
    std::vector<Buffer> revocations;
    const auto second = world.join(Machine{2}, open_then);
    certificates.push_back(second.reply.certificate);
    certificates.push_back(world.join(Machine{3}).reply.certificate);
    certificates.push_back(world.join(Machine{4}).reply.certificate);
    revocations.push_back(world.revoke("m4"));
    const Told replaced = world.join(Machine{5}, replacing);
    certificates.push_back(replaced.reply.certificate);
    revocations.push_back(replaced.answer.revocation);

    world.journal = backup;
    world.restart(false);
    EXPECT_EQ(world.join(Machine{6}, open_then).status(), Status::kWait);
    const auto merged =
        world.commit(world.subject->merge_known(known_of(certificates, revocations), world.view()));
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->certificates, 4U);
    EXPECT_EQ(merged->revocations, 2U);
    EXPECT_EQ(merged->tokens_withdrawn, 2U);

    // Who had the lost part of the token cannot be known: nobody gets anything new by it.
    EXPECT_EQ(world.join(Machine{6}, open_then).status(), Status::kExpiredToken);
    const Told sixth = world.join(Machine{6});
    EXPECT_EQ(sixth.status(), Status::kGranted);
    const auto& ledger = world.subject->ledger();
    for (const auto& [key, node] : ledger.nodes()) {
        for (const net::Prefix& block : node.blocks) {
            if (!node.revoked) {
                EXPECT_EQ(ledger.live_owner(block, key), nullptr) << block.to_string();
            }
        }
    }
    EXPECT_GT(sixth.certificate().serial, replaced.certificate().serial + issuer::kSerialJump);
    EXPECT_EQ(identity::parse_revocation(world.revoke("m2")).value().number, 3U);
    EXPECT_EQ(world.join(Machine{4}).status(), Status::kRevoked);
    EXPECT_EQ(world.join(Machine{1}).status(), Status::kRevoked);
    EXPECT_EQ(ledger.holder("m1")->certificate.identity_key, Machine{5}.key());

    // And it is all in the journal.
    const Buffer before = world.subject->snapshot(world.view());
    world.restart(true);
    EXPECT_EQ(world.subject->snapshot(world.view()), before);
}

TEST(IssuerMerge, an_empty_ledger_learns_everything) {
    IssuerWorld world{{prefix("10.64.0.0/22")}};
    std::vector<Buffer> certificates;
    for (std::uint32_t i = 1; i <= 3; ++i) {
        certificates.push_back(world.join(Machine{i}).reply.certificate);
    }
    world.journal.clear();
    world.restart(false);
    ASSERT_TRUE(world.commit(world.subject->merge_known(known_of(certificates), world.view())));
    EXPECT_EQ(world.join(Machine{4}).certificate().blocks.front(), prefix("10.64.3.0/24"));
    EXPECT_EQ(world.join(Machine{5, "m2"}).status(), Status::kNameTaken);
    EXPECT_EQ(world.join(Machine{5}).status(), Status::kPoolFull);
    // They renew what they have.
    world.now += 200 * kDay;
    EXPECT_EQ(world.renew(Machine{1}, certificates[0]).certificate().generation, 2U);
}

TEST(IssuerMerge, an_adopted_revocation_rests_from_when_it_was_heard) {
    IssuerWorld world{{prefix("10.64.0.0/24")}};
    const Buffer certificate = world.join(Machine{1}).reply.certificate;
    const Buffer revocation = world.revoke("m1");
    world.journal.clear();
    world.now += 10 * kDay;
    world.restart(false);
    ASSERT_TRUE(world.commit(
        world.subject->merge_known(known_of({certificate}, {revocation}), world.view())));
    EXPECT_EQ(world.join(Machine{2}).status(), Status::kPoolFull);
    world.now += kDay;
    EXPECT_EQ(world.join(Machine{2}).status(), Status::kGranted);
}

TEST(IssuerMerge, what_is_not_this_issuers_word_is_left_out) {
    IssuerWorld world;
    Buffer forged = world.join(Machine{1}).reply.certificate;
    Buffer forged_revocation = world.revoke("m1");
    forged.back() ^= std::byte{1};
    forged_revocation.back() ^= std::byte{1};
    world.journal.clear();
    world.restart(false);
    const auto merged = world.commit(world.subject->merge_known(
        known_of({forged, Buffer(3), {}}, {forged_revocation, {}}), world.view()));
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->certificates + merged->revocations, 0U);
    EXPECT_TRUE(world.journal.empty());
}

TEST(IssuerMerge, revocations_with_a_gap_are_asked_for_again) {
    IssuerWorld world;
    world.join(Machine{1});
    world.join(Machine{2});
    world.revoke("m1");
    const Buffer second = world.revoke("m2");
    world.journal.clear();
    world.restart(false);
    const auto merged = world.subject->merge_known(known_of({}, {second}), world.view());
    ASSERT_FALSE(merged);
    EXPECT_FALSE(world.subject->ready());
}

TEST(IssuerMerge, two_revocations_of_one_number_are_told) {
    IssuerWorld world;
    world.join(Machine{1});
    world.join(Machine{2});
    const Buffer backup = world.journal;
    const Buffer first = world.revoke("m1");
    world.journal = backup;
    world.restart(true);  // the operator's word, and a wrong one
    ASSERT_TRUE(world.commit(world.subject->revoke("m2", world.view())));
    const auto merged =
        world.commit(world.subject->merge_known(known_of({}, {first}), world.view()));
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->conflicts, 1U);
    EXPECT_EQ(world.join(Machine{1}).status(), Status::kRevoked);  // as members believe
}

TEST(IssuerMerge, names_and_identities_of_other_issuers_are_taken) {
    IssuerWorld world;
    const auto other_key = signing_key(50);
    identity::IssuerCertificate other = world.certificate();
    other.number = 2;
    other.signing_key = other_key.verify_key();
    other.slices = {prefix("10.65.0.0/16")};
    ASSERT_EQ(world.trust.add_issuer(build(other, world.root()), world.view()), std::nullopt);
    const Machine far{1, "far"};
    identity::Certificate theirs;
    theirs.network = other.network;
    theirs.issuer_number = 2;
    theirs.serial = std::uint64_t{2} << 32 | 1;
    theirs.not_before = kStart;
    theirs.not_after = kStart + 365 * kDay;
    theirs.identity_key = far.key();
    theirs.wireguard_key = far.wireguard;
    theirs.gossip_key = far.gossip;
    theirs.name = "far";
    world.restart(false);
    const auto merged = world.commit(
        world.subject->merge_known(known_of({build(theirs, other_key)}), world.view()));
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->certificates, 0U);
    EXPECT_EQ(world.join(Machine{2, "far"}).status(), Status::kNameTaken);
    const Told clone = world.join(far);
    EXPECT_EQ(clone.status(), Status::kUsedToken);
    ASSERT_TRUE(clone.answer.clone);
    EXPECT_EQ(clone.answer.clone->first, "far");

    identity::Revocation revocation;
    revocation.network = other.network;
    revocation.signer = 2;
    revocation.serial = theirs.serial;
    revocation.key = theirs.identity_key;
    ASSERT_EQ(world.trust.add_revocation(build(revocation, other_key)), std::nullopt);
    EXPECT_EQ(world.join(Machine{2, "far"}).status(), Status::kGranted);
    EXPECT_EQ(world.join(far).status(), Status::kRevoked);
}

/// A merge is several records; one that a crash ended is done again.
TEST(IssuerMerge, can_be_cut_anywhere_and_done_again) {
    IssuerWorld world;
    const std::string token = world.token();
    const Buffer backup = world.journal;
    std::vector<Buffer> certificates{world.join(Machine{1}, token).reply.certificate,
                                     world.join(Machine{2}).reply.certificate,
                                     world.join(Machine{3}).reply.certificate};
    const Buffer revocation = world.revoke("m3");
    const issuer::Known known = known_of(certificates, {revocation});
    world.journal = backup;
    world.restart(false);
    ASSERT_TRUE(world.commit(world.subject->merge_known(known, world.view())));
    const Buffer whole = world.journal;
    for (std::size_t cut = backup.size(); cut <= whole.size(); cut += rounds(17U, 1U)) {
        world.journal.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
        world.restart(false);
        ASSERT_TRUE(world.commit(world.subject->merge_known(known, world.view())));
        const auto& ledger = world.subject->ledger();
        ASSERT_TRUE(ledger.live(Machine{1}.key()) && ledger.live(Machine{2}.key()));
        ASSERT_TRUE(ledger.is_revoked(Machine{3}.key()));
        ASSERT_FALSE(ledger.tokens().begin()->second.open());
        ASSERT_GT(ledger.next_counter(), issuer::kSerialJump);
        ASSERT_EQ(ledger.pool().count(net::Family::kIpv4).owned, 2U);
    }
}

}  // namespace
}  // namespace weft::test
