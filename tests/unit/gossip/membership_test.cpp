// SPDX-License-Identifier: Apache-2.0
// The table of members: signed order decides, on every node the same; who goes, and who has a
// block.
#include <gtest/gtest.h>

#include "gossip_world.hpp"

namespace weft::test {
namespace {

using gossip::Membership;
using Outcome = Membership::Outcome;

/// One node's table and what it believes.
struct Table {
    Table() { (void)trust.add_issuer(issuer_bytes(), view); }
    Outcome offer(const Statements& statements) {
        return members.offer(statements.item(), view, now);
    }
    Outcome offer(std::uint32_t number, std::uint64_t sequence = 1) {
        return offer(Statements{number, sequence});
    }

    identity::TimeView view{kBirth, true};
    Time now = kStart;
    identity::TrustStore trust{root_key(1).verify_key()};
    gossip::StatementCache cache;
    Membership members{trust, cache};
};

Statements with_certificate(const identity::Certificate& certificate, std::uint32_t number) {
    return {build(certificate, issuer_key()), record_bytes(number)};
}
/// A record of the same order that says something else.
Statements other_word(std::uint32_t number, std::uint16_t mtu) {
    gossip::Record record = test::record(number);
    record.mtu = mtu;
    return {certificate_bytes(number), sign(record, number)};
}

// ---- Order --------------------------------------------------------------------------------------

TEST(Membership, takes_what_is_newer_by_generation_epoch_and_sequence) {
    struct Case {
        gossip::Order first;
        gossip::Order second;
        Outcome outcome;
    };
    const Case cases[] = {{{1, 5, 5}, {1, 5, 6}, Outcome::kChanged},
                          {{1, 5, 5}, {1, 6, 1}, Outcome::kChanged},
                          {{1, 5, 5}, {2, 1, 1}, Outcome::kChanged},
                          {{1, 5, 5}, {1, 5, 4}, Outcome::kOlder},
                          {{1, 5, 5}, {1, 4, 9}, Outcome::kOlder},
                          {{2, 5, 5}, {1, 9, 9}, Outcome::kOlder},
                          {{1, 5, 5}, {1, 5, 5}, Outcome::kKnown}};
    const auto statements = [](const gossip::Order& order) {
        identity::Certificate certificate = test::certificate(1);
        certificate.generation = order.generation;
        gossip::Record record = test::record(1);
        record.order = order;
        return Statements{build(certificate, issuer_key()), sign(record, 1)};
    };
    for (const Case& one : cases) {
        Table table;
        EXPECT_EQ(table.offer(statements(one.first)), Outcome::kNew);
        EXPECT_EQ(table.offer(statements(one.second)), one.outcome);
        const bool second = one.outcome == Outcome::kChanged;
        EXPECT_EQ(table.members.find(node_id(1))->order(), second ? one.second : one.first);
    }
}

TEST(Membership, of_two_words_of_one_order_all_nodes_keep_the_same) {
    for (std::uint16_t mtu = 1'000; mtu < 1'016; ++mtu) {
        Table one;
        Table other;
        ASSERT_EQ(one.offer(1), Outcome::kNew);
        ASSERT_EQ(other.offer(other_word(1, mtu)), Outcome::kNew);
        const Outcome here = one.offer(other_word(1, mtu));
        const Outcome there = other.offer(1);
        EXPECT_TRUE((here == Outcome::kEquivocated && there == Outcome::kEquivocatedLower) ||
                    (here == Outcome::kEquivocatedLower && there == Outcome::kEquivocated));
        EXPECT_EQ(one.members.digest(), other.members.digest());
        EXPECT_EQ(one.members.find(node_id(1))->record->bytes,
                  other.members.find(node_id(1))->record->bytes);
        EXPECT_EQ(one.offer(1, 2), Outcome::kChanged);  // and nobody is frozen by it
    }
}

TEST(Membership, digests_do_not_depend_on_the_way_there) {
    Table one;
    Table other;
    for (std::uint32_t i = 0; i < 40; ++i) {
        EXPECT_EQ(one.offer(i), Outcome::kNew);
        EXPECT_EQ(other.offer(39 - i, 2), Outcome::kNew);
    }
    EXPECT_NE(one.members.digest(), other.members.digest());
    for (std::uint32_t i = 0; i < 40; ++i) {
        EXPECT_EQ(one.offer(i, 2), Outcome::kChanged);
    }
    EXPECT_EQ(one.members.digest(), other.members.digest());
    EXPECT_EQ(one.members.buckets().digests, other.members.buckets().digests);
    std::uint64_t all = 0;
    std::array<std::uint32_t, gossip::kBuckets> buckets{};
    for (const auto& [id, member] : one.members.members()) {
        all ^= member.hash;
        buckets[Membership::bucket_of(id)] ^= static_cast<std::uint32_t>(member.hash);
    }
    EXPECT_EQ(all, one.members.digest());
    EXPECT_EQ(buckets, one.members.buckets().digests);
}

// ---- What is refused ----------------------------------------------------------------------------

TEST(Membership, takes_only_what_its_owner_and_an_issuer_signed) {
    struct Case {
        const char* what;
        Statements statements;
        identity::Rejected reason;
    };
    identity::Certificate revived = certificate(1);
    revived.generation = 2;
    identity::Certificate expired = certificate(1);
    expired.not_after = kBirth - 1;
    identity::Certificate early = certificate(1);
    early.not_before = kBirth + kDay;
    identity::Certificate outside = certificate(1);
    outside.blocks = {prefix("11.0.0.0/24")};
    const Buffer self_signed = build(certificate(1), node_key(1));
    const Case cases[] = {
        {"another's record",
         {certificate_bytes(1), record_bytes(2)},
         identity::Rejected::kMalformed},
        {"a record that another signed",
         {certificate_bytes(1), sign(record(1), 2)},
         identity::Rejected::kBadSignature},
        {"another generation",
         {build(revived, issuer_key()), record_bytes(1)},
         identity::Rejected::kMalformed},
        {"a certificate of its own making",
         {self_signed, record_bytes(1)},
         identity::Rejected::kBadSignature},
        {"expired", with_certificate(expired, 1), identity::Rejected::kExpired},
        {"not yet valid", with_certificate(early, 1), identity::Rejected::kNotYetValid},
        {"outside the slice", with_certificate(outside, 1), identity::Rejected::kOutsideSlice},
        {"no record", {certificate_bytes(1), {}}, identity::Rejected::kMalformed},
        {"no certificate", {{}, record_bytes(1)}, identity::Rejected::kMalformed}};
    for (const Case& one : cases) {
        Table table;
        EXPECT_EQ(table.offer(one.statements), Outcome::kRejected) << one.what;
        EXPECT_EQ(table.members.rejected(), one.reason) << one.what;
        EXPECT_EQ(table.members.size(), 0U) << one.what;
        EXPECT_EQ(table.offer(1), Outcome::kNew) << one.what;
        const std::uint64_t digest = table.members.digest();
        EXPECT_NE(table.offer(one.statements), Outcome::kChanged) << one.what;
        EXPECT_EQ(table.members.digest(), digest) << one.what;
    }
}

TEST(Membership, verifies_what_many_relay_once) {
    Table table;
    EXPECT_EQ(table.offer(1), Outcome::kNew);
    EXPECT_EQ(table.cache.verified(), 1U);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(table.offer(1), Outcome::kKnown);
    }
    Statements forged{1, 2};
    forged.record.back() ^= std::byte{1};
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(table.offer(forged), Outcome::kRejected);
    }
    EXPECT_EQ(table.cache.verified(), 2U);
}

// ---- Budgets ------------------------------------------------------------------------------------

TEST(Membership, an_owner_changes_five_times_at_once_and_then_each_ten_seconds) {
    Table table;
    std::uint64_t sequence = 1;
    ASSERT_EQ(table.offer(1, sequence), Outcome::kNew);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(table.offer(1, ++sequence), Outcome::kChanged);
    }
    const std::uint64_t verified = table.cache.verified();
    EXPECT_EQ(table.offer(1, ++sequence), Outcome::kOverBudget);
    EXPECT_EQ(table.cache.verified(), verified);
    EXPECT_EQ(table.offer(2), Outcome::kNew);  // another owner has its own
    table.now += seconds{9};
    EXPECT_EQ(table.offer(1, sequence), Outcome::kOverBudget);
    table.now += seconds{1};
    EXPECT_EQ(table.offer(1, sequence), Outcome::kChanged);
    EXPECT_EQ(table.offer(1, ++sequence), Outcome::kOverBudget);
    table.now += minutes{60};
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(table.offer(1, ++sequence), Outcome::kChanged);
    }
    EXPECT_EQ(table.offer(1, ++sequence), Outcome::kOverBudget);
}

TEST(Membership, forgeries_do_not_cost_their_victim) {
    Table table;
    ASSERT_EQ(table.offer(1), Outcome::kNew);
    for (std::uint64_t i = 2; i < 50; ++i) {
        Statements forged{1, i};
        forged.record.back() ^= std::byte{1};
        EXPECT_EQ(table.offer(forged), Outcome::kRejected);
    }
    for (std::uint64_t i = 2; i < 7; ++i) {
        EXPECT_EQ(table.offer(1, i), Outcome::kChanged);
    }
    EXPECT_EQ(table.offer(1, 7), Outcome::kOverBudget);
}

TEST(Membership, own_statements_have_no_budget) {
    Table table;
    for (std::uint64_t i = 1; i < 50; ++i) {
        const Statements statements{1, i};
        const auto outcome = table.members.offer_own(statements.item(), table.view);
        EXPECT_EQ(outcome, i == 1 ? Outcome::kNew : Outcome::kChanged);
    }
}

// ---- Who goes -----------------------------------------------------------------------------------

TEST(Membership, withdraws_the_revoked_and_nobody_else) {
    Table table;
    for (std::uint32_t i = 1; i <= 3; ++i) {
        ASSERT_EQ(table.offer(i), Outcome::kNew);
    }
    EXPECT_TRUE(table.members.withdraw(table.view).empty());
    ASSERT_EQ(table.trust.add_revocation(revocation_bytes(2)), std::nullopt);
    EXPECT_EQ(table.members.withdraw(table.view), std::vector{node_id(2)});
    EXPECT_EQ(table.members.find(node_id(2)), nullptr);
    EXPECT_EQ(table.offer(2), Outcome::kRejected);
    EXPECT_EQ(table.members.rejected(), identity::Rejected::kRevoked);

    Table never_knew;
    EXPECT_EQ(never_knew.offer(1), Outcome::kNew);
    EXPECT_EQ(never_knew.offer(3), Outcome::kNew);
    EXPECT_EQ(table.members.digest(), never_knew.members.digest());
    EXPECT_EQ(table.members.buckets().digests, never_knew.members.buckets().digests);
}

TEST(Membership, keeps_members_through_their_grace_and_acts_on_no_time_that_is_not_trusted) {
    Table table;
    identity::Certificate ephemeral = certificate(2);
    ephemeral.ephemeral = true;
    ephemeral.not_after = kBirth + kDay;
    ASSERT_EQ(table.offer(1), Outcome::kNew);
    ASSERT_EQ(table.offer(with_certificate(ephemeral, 2)), Outcome::kNew);
    const identity::UnixSeconds ends = certificate(1).not_after;
    const auto gone_at = [&](identity::UnixSeconds now, bool trusted) {
        return table.members.withdraw({now, trusted}).size();
    };
    EXPECT_EQ(gone_at(kBirth + 2 * kDay, false), 0U);
    EXPECT_EQ(gone_at(kBirth + 2 * kDay, true), 1U);  // the ephemeral has no grace
    EXPECT_EQ(gone_at(ends + identity::TrustStore::kGrace, true), 0U);
    EXPECT_EQ(gone_at(ends + identity::TrustStore::kGrace + 1, false), 0U);
    EXPECT_EQ(gone_at(0, true), 0U);  // a clock that was set back
    EXPECT_EQ(gone_at(ends + identity::TrustStore::kGrace + 1, true), 1U);
    EXPECT_EQ(table.members.size(), 0U);
    EXPECT_EQ(table.members.digest(), 0U);
}

// ---- Blocks -------------------------------------------------------------------------------------

struct Claim {
    std::uint32_t number;
    identity::UnixSeconds not_before;
    std::vector<net::Prefix> blocks;
    std::vector<net::Prefix> routed;
};
void claim(Table& table, const Claim& claim) {
    identity::Certificate certificate = test::certificate(claim.number);
    certificate.not_before = claim.not_before;
    certificate.blocks = claim.blocks;
    certificate.routed = claim.routed;
    ASSERT_EQ(table.offer(with_certificate(certificate, claim.number)), Outcome::kNew);
}
std::vector<std::uint32_t> owners(const Table& table, std::uint32_t count) {
    std::vector<std::uint32_t> found;
    for (std::uint32_t i = 1; i <= count; ++i) {
        if (table.members.owns_its_prefixes(node_id(i))) {
            found.push_back(i);
        }
    }
    return found;
}

TEST(Membership, of_certificates_that_claim_one_prefix_the_lowest_has_it) {
    struct Case {
        const char* what;
        std::vector<Claim> claims;
        std::vector<std::uint32_t> owners;
    };
    const auto a = prefix("10.1.0.0/24");
    const auto b = prefix("10.2.0.0/24");
    const auto around = prefix("10.1.0.0/16");
    const auto inside = prefix("10.1.0.128/25");
    const auto first_half = prefix("10.1.0.0/25");
    const auto lan = prefix("192.168.0.0/16");
    const auto six = prefix("fd00:1::/64");
    const auto t = kBirth - kDay;
    const Case cases[] = {
        {"apart", {{1, t, {a}, {}}, {2, t, {b}, {}}}, {1, 2}},
        {"the earlier", {{1, t, {a}, {}}, {2, t - 1, {a}, {}}}, {2}},
        {"the lower serial", {{1, t, {a}, {}}, {2, t, {a}, {}}}, {1}},
        {"nested, the outer first", {{1, t - 1, {around}, {}}, {2, t, {inside}, {}}}, {1}},
        {"nested, the inner first", {{1, t, {around}, {}}, {2, t - 1, {inside}, {}}}, {2}},
        {"nested at one address", {{1, t, {a}, {}}, {2, t - 1, {first_half}, {}}}, {2}},
        {"nested at one address, otherwise", {{1, t - 1, {a}, {}}, {2, t, {first_half}, {}}}, {1}},
        {"three", {{1, t, {a}, {}}, {2, t - 2, {a}, {}}, {3, t - 1, {a}, {}}}, {2}},
        {"two inside one",
         {{1, t, {around}, {}}, {2, t - 1, {first_half}, {}}, {3, t - 1, {inside}, {}}},
         {2, 3}},
        {"routed", {{1, t, {a}, {lan}}, {2, t - 1, {b}, {lan}}}, {2}},
        {"routed into a block", {{1, t, {a}, {}}, {2, t - 1, {b}, {inside}}}, {2}},
        {"everything, later", {{1, t - 1, {a}, {}}, {2, t, {}, {prefix("0.0.0.0/0")}}}, {1}},
        {"everything of IPv4, and IPv6",
         {{1, t, {six}, {}}, {2, t - 1, {}, {prefix("0.0.0.0/0")}}},
         {1, 2}},
        {"IPv6", {{1, t, {six}, {}}, {2, t - 1, {prefix("fd00:1::/48")}, {}}}, {2}},
        {"one of several", {{1, t, {a, six}, {lan}}, {2, t - 1, {six}, {}}}, {2}}};
    for (const Case& one : cases) {
        Table table;
        Table backwards;
        for (const Claim& each : one.claims) {
            claim(table, each);
        }
        std::for_each(one.claims.rbegin(), one.claims.rend(), [&](const Claim& each) {
            claim(backwards, each);
        });
        const auto count = static_cast<std::uint32_t>(one.claims.size());
        EXPECT_EQ(owners(table, count), one.owners) << one.what;
        EXPECT_EQ(owners(backwards, count), one.owners) << one.what;
    }
}

TEST(Membership, a_prefix_goes_to_the_next_when_its_owner_is_revoked) {
    Table table;
    const auto block = prefix("10.1.0.0/24");
    claim(table, {1, kBirth - 3, {block}, {}});
    claim(table, {2, kBirth - 2, {block}, {}});
    claim(table, {3, kBirth - 1, {block}, {}});
    EXPECT_EQ(owners(table, 3), std::vector<std::uint32_t>{1});
    ASSERT_EQ(table.trust.add_revocation(revocation_bytes(1)), std::nullopt);
    EXPECT_EQ(table.members.withdraw(table.view).size(), 1U);
    EXPECT_EQ(owners(table, 3), std::vector<std::uint32_t>{2});
    EXPECT_FALSE(table.members.owns_its_prefixes(node_id(1)));
}

TEST(Membership, a_new_certificate_gives_up_what_it_does_not_name) {
    Table table;
    const auto block = prefix("10.1.0.0/24");
    claim(table, {1, kBirth - 3, {block}, {}});
    claim(table, {2, kBirth - 2, {block}, {}});
    identity::Certificate moved = certificate(1);
    moved.generation = 2;
    moved.blocks = {prefix("10.9.0.0/24")};
    gossip::Record record = test::record(1);
    record.order.generation = 2;
    EXPECT_EQ(table.offer({build(moved, issuer_key()), sign(record, 1)}), Outcome::kChanged);
    EXPECT_EQ(owners(table, 2), (std::vector<std::uint32_t>{1, 2}));
}

}  // namespace
}  // namespace weft::test
