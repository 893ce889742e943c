// SPDX-License-Identifier: Apache-2.0
// What becomes of members: clones of them, renewal and rotation, certificates by the operator's
// word, and revocation.
#include <gtest/gtest.h>

#include "issuer_world.hpp"

namespace weft::test {
namespace {

// ---- Clones -------------------------------------------------------------------------------------

/// Of place, token and name, those that differ from the first time.
TEST(IssuerMember, two_machines_with_one_identity_are_told_apart_from_one_that_comes_back) {
    struct Row {
        bool other_place;
        bool other_token;
        bool other_name;
        bool is_clone;
    };
    constexpr Row kRows[] = {{false, false, false, false},
                             {true, false, false, false},  // it moved, or its NAT did
                             {false, true, false, false},  // its certificate was lost
                             {false, false, true, false},  // its host name changed
                             {true, true, false, true},
                             {true, false, true, true},
                             {false, true, true, true},
                             {true, true, true, true}};
    for (const Row& row : kRows) {
        for (const bool restarts : {false, true}) {
            IssuerWorld world;
            const std::string token = world.token({.uses = 2});
            Machine machine{1, "board"};
            const net::IpAddress place = machine.source.address;
            const Buffer first = world.join(machine, token).reply.certificate;
            if (restarts) {
                world.journal = world.subject->snapshot(world.view());
                world.restart(true);
            }
            machine.source = row.other_place ? endpoint("203.0.113.9:51840") : machine.source;
            machine.name = row.other_name ? "copy" : machine.name;
            const Told told = world.join(machine, row.other_token ? world.token() : token);
            ASSERT_EQ(told.answer.clone.has_value(), row.is_clone)
                << row.other_place << row.other_token << row.other_name;
            if (!row.is_clone) {
                EXPECT_EQ(told.reply.certificate, first);
                continue;
            }
            EXPECT_EQ(told.status(), Status::kUsedToken);
            EXPECT_EQ(told.reply.detail, "board");
            EXPECT_EQ(told.answer.clone->first, "board");
            EXPECT_EQ(told.answer.clone->first_source, place);
            EXPECT_EQ(told.answer.clone->second, machine.name);
            EXPECT_EQ(told.answer.clone->second_source, machine.source.address);
            EXPECT_EQ(told.answer.clone->identity_key, machine.key());
        }
    }
}

TEST(IssuerMember, a_token_that_replaces_the_node_itself_lets_it_come_back_from_anywhere) {
    IssuerWorld world;
    Machine machine{1, "board"};
    const Buffer first = world.join(machine).reply.certificate;
    machine.source = endpoint("203.0.113.9:51840");
    machine.name = "moved";
    const Told told = world.join(machine, world.token({.replace = "board"}));
    EXPECT_EQ(told.reply.certificate, first);
    EXPECT_TRUE(told.answer.revocation.empty());
}

TEST(IssuerMember, a_member_does_not_take_anothers_place) {
    IssuerWorld world;
    world.join(Machine{1, "db"});
    world.join(Machine{2, "web"});
    const Told told = world.join(Machine{2, "web"}, world.token({.replace = "db"}));
    EXPECT_EQ(told.status(), Status::kUsedToken);
    EXPECT_EQ(told.answer.clone->first, "web");
    EXPECT_TRUE(world.subject->ledger().live(Machine{1}.key()));
}

TEST(IssuerMember, another_token_counts_as_used_by_a_member_that_comes_back) {
    IssuerWorld world;
    world.join(Machine{1});
    const std::string token = world.token();
    const Told told = world.join(Machine{1}, token);
    EXPECT_EQ(told.certificate().generation, 1U);
    EXPECT_EQ(world.join(Machine{2}, token).status(), Status::kUsedToken);
}

TEST(IssuerMember, one_that_lost_its_tunnel_keys_gets_the_next_generation_by_a_token) {
    IssuerWorld world;
    Machine machine{1};
    const auto before = world.join(machine).certificate();
    machine.wireguard = Machine{9}.wireguard;
    const std::string token = world.token();
    const Told told = world.join(machine, token);
    EXPECT_EQ(told.certificate().generation, 2U);
    EXPECT_EQ(told.certificate().wireguard_key, machine.wireguard);
    EXPECT_EQ(told.certificate().blocks, before.blocks);
    EXPECT_EQ(world.join(machine, token).reply.certificate, told.reply.certificate);
}

// ---- Renewal ------------------------------------------------------------------------------------

TEST(IssuerMember, renews_from_half_of_its_life_on) {
    struct Row {
        UnixSeconds later;
        bool trusted;
        bool ephemeral;
        bool is_new;
        Status status;
    };
    constexpr UnixSeconds kYear = 365 * kDay;
    const Row rows[] = {{0, true, false, false, Status::kGranted},
                        {kYear / 2 - 1, true, false, false, Status::kGranted},
                        {kYear / 2, false, false, false, Status::kGranted},
                        {kYear / 2, true, false, true, Status::kGranted},
                        {kYear + 90 * kDay, true, false, true, Status::kGranted},  // its grace
                        {kYear + 90 * kDay + 1, true, false, false, Status::kExpiredToken},
                        {kDay / 2, true, true, true, Status::kGranted},
                        {kDay + 1, true, true, false, Status::kExpiredToken}};
    for (const Row& row : rows) {
        IssuerWorld world;
        const Machine machine{1};
        const Told first = world.join(machine, world.token({.ephemeral = row.ephemeral}));
        world.now += row.later;
        world.trusted = row.trusted;
        const Told told = world.renew(machine, first.reply.certificate);
        ASSERT_EQ(told.status(), row.status) << row.later;
        if (!row.is_new) {
            EXPECT_EQ(world.subject->ledger().next_counter(), 2U);
            continue;
        }
        auto expected = first.certificate();
        expected.serial += 1;
        expected.generation = 2;
        expected.not_before = world.now;
        expected.not_after = world.now + (row.ephemeral ? kDay : kYear);
        EXPECT_EQ(told.certificate(), expected) << row.later;
        EXPECT_TRUE(world.trust.admit(told.reply.certificate, world.view()));
        // The answer was lost: the old one asked for again gets the same.
        EXPECT_EQ(world.renew(machine, first.reply.certificate).reply.certificate,
                  told.reply.certificate);
        world.restart(true);
        EXPECT_EQ(world.renew(machine, first.reply.certificate).reply.certificate,
                  told.reply.certificate);
    }
}

TEST(IssuerMember, a_request_is_told_apart_when_it_is_opened) {
    IssuerWorld world;
    const Machine machine{1};
    Buffer known;  // of members
    const auto ask = [&](const Buffer& sealed) {
        return world.commit(world.subject->on_request(
            sealed,
            machine.source,
            [&](const identity::VerifyKey& key) {
                EXPECT_EQ(key, machine.identity.verify_key());
                return ConstBytes{known};
            },
            world.view()));
    };
    const auto joined = ask(world.seal(machine, world.token()));
    ASSERT_TRUE(joined) << joined.error().message();
    ASSERT_EQ(joined->status, Status::kGranted);
    const auto first = identity::parse_certificate(joined->certificate).value();
    world.now += 200 * kDay;
    known = joined->certificate;
    const auto renewed = ask(world.seal_renewal(machine, first.serial));
    ASSERT_TRUE(renewed) << renewed.error().message();
    const auto second = identity::parse_certificate(renewed->certificate).value();
    EXPECT_EQ(second.generation, 2U);
    // Members have forgotten it; the ledger can tell why.
    world.now += (365 + 91) * kDay;
    known.clear();
    EXPECT_EQ(ask(world.seal_renewal(machine, second.serial))->status, Status::kExpiredToken);
    EXPECT_FALSE(ask(Buffer(known)));
}

TEST(IssuerMember, rotates_its_keys_by_renewing_with_new_ones) {
    IssuerWorld world;
    Machine machine{1};
    const Machine before{1};
    const Told first = world.join(machine);
    machine.wireguard = Machine{8}.wireguard;
    machine.gossip = Machine{8}.gossip;
    const Told second = world.renew(machine, first.reply.certificate);
    EXPECT_EQ(second.certificate().generation, 2U);
    EXPECT_EQ(second.certificate().wireguard_key, machine.wireguard);
    EXPECT_EQ(second.certificate().blocks, first.certificate().blocks);
    EXPECT_EQ(world.renew(machine, first.reply.certificate).reply.certificate,
              second.reply.certificate);
    // A recording of an older request does not bring the old keys back.
    EXPECT_EQ(world.renew(before, first.reply.certificate).reply.certificate,
              second.reply.certificate);
    EXPECT_EQ(world.renew(before, second.reply.certificate).certificate().generation, 3U);
}

TEST(IssuerMember, a_renewal_is_for_a_certificate_that_is_good_and_ones_own) {
    IssuerWorld world;
    const Told first = world.join(Machine{1});
    world.join(Machine{2});
    const Buffer& current = first.reply.certificate;
    const auto serial = first.certificate().serial;
    const auto refused = [&](ConstBytes sealed, ConstBytes bytes) {
        return !world.subject->on_renew(sealed, bytes, world.view());
    };
    EXPECT_TRUE(refused(world.seal_renewal(Machine{2}, serial), current));
    EXPECT_TRUE(refused(world.seal_renewal(Machine{1}, serial + 1), current));
    EXPECT_TRUE(refused(world.seal_renewal(Machine{1}, serial), {}));
    Buffer forged = current;
    forged.back() ^= std::byte{1};
    EXPECT_TRUE(refused(world.seal_renewal(Machine{1}, serial), forged));
    EXPECT_TRUE(refused(world.seal(Machine{1}, world.token()), current));
}

TEST(IssuerMember, a_revoked_one_does_not_renew) {
    IssuerWorld world;
    const Told first = world.join(Machine{1});
    world.revoke("m1");
    world.now += 200 * kDay;
    EXPECT_EQ(world.renew(Machine{1}, first.reply.certificate).status(), Status::kRevoked);
}

TEST(IssuerMember, one_whose_block_is_another_issuers_is_sent_there) {
    IssuerWorld world;
    const auto other_key = signing_key(50);
    identity::IssuerCertificate other = world.certificate();
    other.number = 2;
    other.name = "spoke";
    other.signing_key = other_key.verify_key();
    other.sealing_key = crypto::public_key_of(private_key(51));
    other.slices = {prefix("10.65.0.0/16")};
    ASSERT_EQ(world.trust.add_issuer(build(other, world.root()), world.view()), std::nullopt);

    const Machine machine{1};
    identity::Certificate theirs;
    theirs.network = other.network;
    theirs.issuer_number = 2;
    theirs.serial = std::uint64_t{2} << 32 | 1;
    theirs.not_before = kStart;
    theirs.not_after = kStart + 365 * kDay;
    theirs.identity_key = machine.key();
    theirs.wireguard_key = machine.wireguard;
    theirs.gossip_key = machine.gossip;
    theirs.name = "far";
    theirs.blocks = {prefix("10.65.0.0/24")};
    const Buffer bytes = build(theirs, other_key);

    const Told early = world.renew(machine, bytes);
    EXPECT_EQ(early.reply.certificate, bytes);
    EXPECT_EQ(identity::parse_issuer_certificate(early.reply.issuer_certificate).value(), other);
    world.now += 200 * kDay;
    const Told late = world.renew(machine, bytes);
    EXPECT_EQ(late.status(), Status::kNotFromHere);
    EXPECT_EQ(late.reply.detail, "spoke");

    // One without blocks renews anywhere.
    theirs.blocks.clear();
    const auto renewed = world.renew(machine, build(theirs, other_key)).certificate();
    EXPECT_EQ(renewed.issuer_number, kIssuerNumber);
    EXPECT_EQ(renewed.generation, 2U);
}

// ---- The operator's word ------------------------------------------------------------------------

TEST(IssuerMember, the_operator_issues_without_a_token) {
    IssuerWorld world;
    const auto request = Machine{1, "hub"}.request(kStart);
    const issuer::IssueOptions options{
        .routed = {prefix("192.168.8.0/24"), prefix("192.168.7.0/24")}};
    const Buffer first = world.commit(world.subject->issue(request, options, world.view())).value();
    const auto certificate = world.trust.admit(first, world.view());
    ASSERT_TRUE(certificate);
    EXPECT_EQ(certificate->routed,
              (std::vector{prefix("192.168.7.0/24"), prefix("192.168.8.0/24")}));
    EXPECT_EQ(world.commit(world.subject->issue(request, options, world.view())).value(), first);

    struct Row {
        Machine machine;
        std::vector<net::Prefix> routed;
    };
    const Row rows[] = {{Machine{2, "hub"}, {}},
                        {Machine{2, "No"}, {}},
                        {Machine{2}, {prefix("10.79.0.0/24")}},    // of the pool
                        {Machine{2}, {prefix("192.168.0.0/16")}},  // another's
                        {Machine{2}, {prefix("192.0.2.1/24")}},    // host bits
                        {Machine{2}, {prefix("127.0.0.0/8")}},
                        {Machine{2}, std::vector(2, prefix("192.0.2.0/24"))},
                        {Machine{2}, std::vector(9, prefix("192.0.2.0/24"))}};
    for (const Row& row : rows) {
        const auto decision =
            world.subject->issue(row.machine.request(kStart), {.routed = row.routed}, world.view());
        ASSERT_FALSE(decision);
        EXPECT_FALSE(decision.error().remedy.empty());
    }
    Machine low_order{2};
    low_order.wireguard = {};
    EXPECT_FALSE(world.subject->issue(low_order.request(kStart), {}, world.view()));
}

TEST(IssuerMember, a_certificate_that_would_be_too_long_is_refused) {
    IssuerWorld world;
    std::vector<net::Prefix> routed;
    for (int i = 0; i < 8; ++i) {
        routed.push_back(prefix("2001:db8:" + std::to_string(i) + "::/48"));
    }
    const auto request = Machine{1, std::string(63, 'a')}.request(kStart);
    const auto decision = world.subject->issue(request, {.routed = routed}, world.view());
    ASSERT_FALSE(decision);
    EXPECT_EQ(decision.error().remedy, "a shorter name, or fewer routed prefixes");
}

TEST(IssuerMember, the_operator_rotates_a_node) {
    IssuerWorld world;
    const auto before = world.join(Machine{1}).certificate();
    auto request = Machine{1}.request(kStart);
    request.wireguard_key = Machine{9}.wireguard;
    const auto bytes = world.commit(world.subject->rotate(request, world.view())).value();
    const auto after = world.trust.admit(bytes, world.view());
    ASSERT_TRUE(after);
    EXPECT_EQ(after->generation, 2U);
    EXPECT_EQ(after->blocks, before.blocks);
    EXPECT_EQ(after->wireguard_key, request.wireguard_key);
    EXPECT_FALSE(world.subject->issue(Machine{1}.request(kStart), {}, world.view()));
    EXPECT_FALSE(world.subject->rotate(Machine{5}.request(kStart), world.view()));
}

TEST(IssuerMember, revocations_are_numbered_without_gaps_and_said_again) {
    IssuerWorld world;
    std::vector<Buffer> revocations;
    for (std::uint32_t i = 1; i <= 3; ++i) {
        world.join(Machine{i});
        revocations.push_back(world.revoke("m" + std::to_string(i)));
        world.restart(true);
        EXPECT_EQ(identity::parse_revocation(revocations.back()).value().number, i);
    }
    const std::size_t size = world.journal.size();
    EXPECT_EQ(world.commit(world.subject->revoke(Machine{2}.key(), world.view())).value(),
              revocations[1]);
    EXPECT_EQ(world.journal.size(), size);
    EXPECT_FALSE(world.subject->revoke("m2", world.view()));
    EXPECT_FALSE(world.subject->revoke(Machine{7}.key(), world.view()));
}

}  // namespace
}  // namespace weft::test
