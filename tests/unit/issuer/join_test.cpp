// SPDX-License-Identifier: Apache-2.0
// Tokens and who may join by them: each rule, each refusal, and that asking again changes nothing.
#include <gtest/gtest.h>

#include "issuer_world.hpp"

namespace weft::test {
namespace {

TEST(IssuerJoin, grants_a_certificate_that_verifies) {
    IssuerWorld world;
    const Machine machine{1, "web"};
    const Told told = world.join(machine);
    ASSERT_EQ(told.status(), Status::kGranted);
    const auto certificate = world.trust.admit(told.reply.certificate, world.view());
    ASSERT_TRUE(certificate);
    EXPECT_EQ(certificate->serial, std::uint64_t{kIssuerNumber} << 32 | 1);
    EXPECT_EQ(certificate->identity_key, machine.key());
    EXPECT_EQ(certificate->wireguard_key, machine.wireguard);
    EXPECT_EQ(certificate->gossip_key, machine.gossip);
    EXPECT_EQ(certificate->name, "web");
    EXPECT_EQ(certificate->generation, 1U);
    EXPECT_EQ(certificate->not_before, kStart);
    EXPECT_EQ(certificate->not_after, kStart + 365 * kDay);
    EXPECT_EQ(certificate->blocks,
              (std::vector{prefix("10.64.0.0/24"), prefix("fd00:1234:5678::/64")}));
    EXPECT_EQ(told.reply.pools.size(), 2U);
    EXPECT_EQ(identity::parse_issuer_certificate(told.reply.issuer_certificate).value(),
              world.certificate());

    const auto second = world.join(Machine{2}).certificate();
    EXPECT_EQ(second.serial, certificate->serial + 1);
    EXPECT_EQ(second.blocks.front(), prefix("10.64.1.0/24"));
}

TEST(IssuerJoin, the_token_says_where_and_until_when) {
    IssuerWorld world;
    const auto token = identity::parse_token(world.token({.lifetime = 60})).value();
    EXPECT_EQ(token.root, world.root().verify_key());
    EXPECT_EQ(token.issuer_sealing_key, world.certificate().sealing_key);
    EXPECT_EQ(token.expiry, kStart + 60);
    EXPECT_EQ(token.endpoints, std::vector{endpoint("198.51.100.1:51840")});
    ASSERT_EQ(world.subject->tokens().size(), 1U);
    EXPECT_EQ(world.subject->tokens().begin()->first, token.id);
    EXPECT_EQ(world.subject->tokens().begin()->second.key, token.one_time_key.verify_key());
}

TEST(IssuerJoin, the_same_token_and_key_again_get_the_same_certificate) {
    IssuerWorld world;
    const Machine machine{1};
    const std::string token = world.token();
    const Buffer first = world.join(machine, token).reply.certificate;
    const std::size_t size = world.journal.size();
    EXPECT_EQ(world.join(machine, token).reply.certificate, first);
    world.restart(true);
    world.now += 30 * kDay;  // long after the token's expiry
    EXPECT_EQ(world.join(machine, token).reply.certificate, first);
    EXPECT_EQ(world.journal.size(), size);
    const auto id = identity::parse_token(token).value().id;
    ASSERT_TRUE(world.commit(world.subject->withdraw_token(id)));
    EXPECT_EQ(world.join(machine, token).reply.certificate, first);
}

TEST(IssuerJoin, another_key_on_a_used_token_is_refused_and_the_first_user_named) {
    IssuerWorld world;
    const std::string token = world.token();
    world.join(Machine{1, "first"}, token);
    for (int i = 0; i < 2; ++i) {
        const Told told = world.join(Machine{2, "second"}, token);
        EXPECT_EQ(told.status(), Status::kUsedToken);
        EXPECT_EQ(told.reply.detail, "first");
        EXPECT_TRUE(told.reply.certificate.empty());
        world.restart(true);
    }
    EXPECT_EQ(world.subject->ledger().nodes().size(), 1U);
}

TEST(IssuerJoin, a_token_has_its_number_of_uses) {
    IssuerWorld world;
    const std::string token = world.token({.uses = 3});
    for (std::uint32_t i = 1; i <= 3; ++i) {
        EXPECT_EQ(world.join(Machine{i}, token).status(), Status::kGranted);
        EXPECT_EQ(world.join(Machine{i}, token).status(), Status::kGranted);
    }
    const Told fourth = world.join(Machine{4}, token);
    EXPECT_EQ(fourth.status(), Status::kUsedToken);
    EXPECT_EQ(fourth.reply.detail, "m1");
}

/// What a token allows, what a machine asks, and what it is told.
TEST(IssuerJoin, refusals) {
    struct Row {
        const char* what;
        issuer::TokenOptions options;
        UnixSeconds later;
        bool trusted;
        Status status;
        const char* detail;
    };
    const Row rows[] = {
        {"in time", {}, 3'600, true, Status::kGranted, ""},
        {"expired", {}, 3'601, true, Status::kExpiredToken, ""},
        {"expired, perhaps", {}, 3'601, false, Status::kGranted, ""},
        {"from here", {.from = prefix("192.0.2.9/24")}, 0, true, Status::kGranted, ""},
        {"from elsewhere", {.from = prefix("192.0.2.128/25")}, 0, true, Status::kNotFromHere, ""},
        {"other family", {.from = prefix("::/0")}, 0, true, Status::kNotFromHere, ""},
        {"elsewhere, late",
         {.from = prefix("192.0.2.128/25")},
         9'999,
         true,
         Status::kNotFromHere,
         ""},
    };
    for (const Row& row : rows) {
        IssuerWorld world;
        const std::string token = world.token(row.options);
        world.now += row.later;
        world.trusted = row.trusted;
        const Told told = world.join(Machine{1}, token);
        EXPECT_EQ(told.status(), row.status) << row.what;
        EXPECT_EQ(told.reply.detail, row.detail) << row.what;
        EXPECT_EQ(world.subject->ledger().nodes().size(), row.status == Status::kGranted ? 1U : 0U);
    }
}

TEST(IssuerJoin, unknown_and_withdrawn_tokens_are_refused) {
    IssuerWorld world;
    const std::string foreign = IssuerWorld{}.token();
    EXPECT_EQ(world.join(Machine{1}, foreign).status(), Status::kUnknownToken);
    const auto created = world.try_token().value();
    ASSERT_TRUE(world.commit(world.subject->withdraw_token(created.id)));
    ASSERT_TRUE(world.commit(world.subject->withdraw_token(created.id)));
    EXPECT_EQ(world.join(Machine{1}, created.text).status(), Status::kExpiredToken);
    world.restart(true);
    EXPECT_EQ(world.join(Machine{1}, created.text).status(), Status::kExpiredToken);
    EXPECT_FALSE(world.subject->withdraw_token(issuer::TokenId{}));
}

TEST(IssuerJoin, a_known_id_with_another_key_is_an_unknown_token) {
    IssuerWorld world;
    auto token = identity::parse_token(world.token()).value();
    token.one_time_key = signing_key(99);
    EXPECT_EQ(world.join(Machine{1}, to_text(token)).status(), Status::kUnknownToken);
}

TEST(IssuerJoin, what_is_no_request_is_not_answered) {
    IssuerWorld world;
    Buffer sealed = world.seal(Machine{1}, world.token());
    sealed[100] ^= std::byte{1};
    EXPECT_FALSE(world.subject->on_join(sealed, endpoint("192.0.2.1:1"), world.view()));
    EXPECT_FALSE(world.subject->on_join({}, endpoint("192.0.2.1:1"), world.view()));
    const Buffer renewal = world.seal_renewal(Machine{1}, 1);
    EXPECT_FALSE(world.subject->on_join(renewal, endpoint("192.0.2.1:1"), world.view()));
}

// ---- Names --------------------------------------------------------------------------------------

TEST(IssuerJoin, a_taken_name_is_refused_with_a_free_one) {
    struct Row {
        std::vector<std::string> taken;
        std::string wanted;
        std::string suggested;
    };
    const Row rows[] = {
        {{"web"}, "web", "web-2"},
        {{"web", "web-2", "web-3"}, "web", "web-4"},
        {{"web-2"}, "web-2", "web-3"},
        {{"7"}, "7", "7-2"},
        {{std::string(63, 'a')}, std::string(63, 'a'), std::string(61, 'a') + "-2"}};
    for (const Row& row : rows) {
        IssuerWorld world;
        std::uint32_t number = 1;
        for (const std::string& name : row.taken) {
            world.join(Machine{number++, name});
        }
        const std::string token = world.token();
        const Told told = world.join(Machine{number, row.wanted}, token);
        EXPECT_EQ(told.status(), Status::kNameTaken);
        EXPECT_EQ(told.reply.detail, row.suggested);
        // The token is as good as before, with the name that was offered.
        EXPECT_EQ(world.join(Machine{number, told.reply.detail}, token).status(), Status::kGranted);
    }
}

TEST(IssuerJoin, a_tokens_name_is_the_nodes) {
    IssuerWorld world;
    EXPECT_EQ(world.join(Machine{1, "wish"}, world.token({.name = "fixed"})).certificate().name,
              "fixed");
    const auto again = world.try_token({.name = "fixed"});
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().remedy.find("fixed-2"), std::string::npos);
}

TEST(IssuerJoin, a_name_is_free_after_its_nodes_revocation) {
    IssuerWorld world;
    world.join(Machine{1, "web"});
    world.revoke("web");
    EXPECT_EQ(world.join(Machine{2, "web"}).status(), Status::kGranted);
}

// ---- Blocks -------------------------------------------------------------------------------------

TEST(IssuerJoin, a_full_pool_is_told_and_blocks_come_back_by_revocation_only) {
    IssuerWorld world{{prefix("10.64.0.0/23"), prefix("fd00::/62")}};
    const auto first = world.join(Machine{1}).certificate();
    world.join(Machine{2});
    world.now += 400 * kDay;  // the first has long expired
    EXPECT_EQ(world.join(Machine{3}).status(), Status::kPoolFull);
    world.revoke("m1");
    world.now += kDay - 1;
    EXPECT_EQ(world.join(Machine{3}).status(), Status::kPoolFull);
    world.now += 1;
    world.trusted = false;
    EXPECT_EQ(world.join(Machine{3}).status(), Status::kPoolFull);
    world.trusted = true;
    world.restart(true);
    EXPECT_EQ(world.join(Machine{3}).certificate().blocks.front(), first.blocks.front());
}

TEST(IssuerJoin, a_revocation_by_an_untrusted_clock_rests_from_the_first_trusted_time) {
    IssuerWorld world{{prefix("10.64.0.0/24")}};
    world.join(Machine{1});
    world.trusted = false;
    world.now -= 300 * kDay;
    world.revoke("m1");
    world.trusted = true;
    world.now += 300 * kDay;
    EXPECT_EQ(world.join(Machine{2}).status(), Status::kPoolFull);
    world.now += kDay - 1;
    EXPECT_EQ(world.join(Machine{2}).status(), Status::kPoolFull);
    world.now += 1;
    EXPECT_EQ(world.join(Machine{2}).status(), Status::kGranted);
}

TEST(IssuerJoin, replacing_a_node_gives_its_blocks_at_once_and_revokes_it) {
    IssuerWorld world{{prefix("10.64.0.0/24")}};  // one block: there is no other
    const auto old = world.join(Machine{1, "db"}).certificate();
    const std::string token = world.token({.replace = "db"});
    EXPECT_TRUE(world.subject->ledger().live(Machine{1}.key()));  // until somebody comes
    const Machine fresh{2, "whatever"};
    const Told told = world.join(fresh, token);
    ASSERT_EQ(told.status(), Status::kGranted);
    EXPECT_EQ(told.certificate().name, "db");
    EXPECT_EQ(told.certificate().blocks, old.blocks);
    const auto revocation = identity::parse_revocation(told.answer.revocation).value();
    EXPECT_EQ(revocation.number, 1U);
    EXPECT_EQ(revocation.key, Machine{1}.key());
    EXPECT_EQ(revocation.serial, old.serial);
    EXPECT_EQ(world.join(fresh, token).reply.certificate, told.reply.certificate);
    EXPECT_TRUE(world.trust.admit(told.reply.certificate, world.view()));

    // The old one is gone for good, and the block does not come free a day later.
    EXPECT_EQ(world.join(Machine{1, "db"}).status(), Status::kRevoked);
    EXPECT_EQ(world.join(Machine{1, "db"}, token).status(), Status::kRevoked);
    world.now += 2 * kDay;
    EXPECT_EQ(world.join(Machine{3}).status(), Status::kPoolFull);
}

TEST(IssuerJoin, a_replacement_of_a_node_that_was_removed_meanwhile_is_an_ordinary_join) {
    IssuerWorld world;
    const auto old = world.join(Machine{1, "db"}).certificate();
    const std::string token = world.token({.replace = "db"});
    world.revoke("db");
    const Told told = world.join(Machine{2}, token);
    EXPECT_EQ(told.certificate().name, "db");
    EXPECT_NE(told.certificate().blocks, old.blocks);
    EXPECT_TRUE(told.answer.revocation.empty());
}

TEST(IssuerJoin, a_node_that_was_not_named_is_never_replaced) {
    IssuerWorld world;
    world.join(Machine{1, "db"});
    const std::string token = world.token({.replace = "db"});
    world.revoke("db");
    world.join(Machine{2, "db"});  // another one of that name
    EXPECT_EQ(world.join(Machine{3}, token).status(), Status::kNameTaken);
    EXPECT_TRUE(world.subject->ledger().live(Machine{2}.key()));
}

TEST(IssuerJoin, ephemeral_certificates_live_a_day) {
    IssuerWorld world;
    const auto certificate = world.join(Machine{1}, world.token({.ephemeral = true})).certificate();
    EXPECT_TRUE(certificate.ephemeral);
    EXPECT_EQ(certificate.not_after, kStart + kDay);
}

// ---- Revoked keys, clocks, waiting --------------------------------------------------------------

TEST(IssuerJoin, a_revoked_identity_gets_nothing_whoever_revoked_it) {
    IssuerWorld world;
    const std::string token = world.token();
    const auto certificate = world.join(Machine{1}, token).certificate();
    world.revoke("m1");
    EXPECT_EQ(world.join(Machine{1}, token).status(), Status::kRevoked);
    EXPECT_EQ(world.join(Machine{1, "new"}).status(), Status::kRevoked);
    EXPECT_FALSE(world.subject->issue(Machine{1}.request(kStart), {}, world.view()));

    const auto other = world.join(Machine{2}).certificate();
    identity::Revocation by_root;
    by_root.network = world.trust.network();
    by_root.serial = other.serial;
    by_root.key = other.identity_key;
    by_root.time = kStart;
    ASSERT_EQ(world.trust.add_revocation(build(by_root, world.root())), std::nullopt);
    EXPECT_EQ(world.join(Machine{2}).status(), Status::kRevoked);
}

TEST(IssuerJoin, a_wrong_clock_is_told_the_issuers_time_and_may_join) {
    IssuerWorld world;
    const std::string token = world.token();
    const auto parsed = identity::parse_token(token).value();
    const Machine machine{1};
    auto request = machine.request(0);  // a board that booted in 1970
    request.token = parsed.id;
    request.token_key = parsed.one_time_key.verify_key();
    SeededRandom random{1};
    const Buffer sealed = seal_join_request(request,
                                            world.trust.network(),
                                            &parsed.one_time_key,
                                            machine.identity,
                                            parsed.issuer_sealing_key,
                                            random);
    const auto answer =
        world.commit(world.subject->on_join(sealed, machine.source, world.view())).value();
    const auto reply =
        identity::open_join_reply(answer.sealed, machine.reply, world.certificate().sealing_key)
            .value();
    EXPECT_EQ(reply.status, Status::kGranted);
    EXPECT_EQ(reply.time, kStart);
}

TEST(IssuerJoin, nothing_is_granted_before_a_merge_unless_alone) {
    IssuerWorld world;
    const std::string token = world.token();
    const Buffer certificate = world.join(Machine{1}, token).reply.certificate;
    world.restart(false);
    EXPECT_FALSE(world.subject->ready());
    EXPECT_EQ(world.join(Machine{1}, token).status(), Status::kWait);
    EXPECT_EQ(world.renew(Machine{1}, certificate).status(), Status::kWait);
    EXPECT_FALSE(world.subject->issue(Machine{2}.request(kStart), {}, world.view()));
    EXPECT_FALSE(world.subject->revoke("m1", world.view()));
    ASSERT_TRUE(world.commit(world.subject->merge_known({}, world.view())));
    EXPECT_EQ(world.join(Machine{1}, token).reply.certificate, certificate);
}

TEST(IssuerJoin, a_revoked_or_expired_issuer_grants_nothing) {
    IssuerWorld world;
    const std::string token = world.token({.lifetime = 90 * kDay});
    world.now = world.certificate().not_after + 1;
    world.trusted = false;
    EXPECT_TRUE(world.try_token());
    world.trusted = true;
    EXPECT_FALSE(world.try_token());
    world.now = kStart;
    identity::Revocation gone;
    gone.network = world.trust.network();
    gone.kind = identity::Revocation::Kind::kIssuer;
    gone.serial = kIssuerNumber;
    gone.key = world.certificate().signing_key;
    ASSERT_EQ(world.trust.add_revocation(build(gone, world.root())), std::nullopt);
    EXPECT_FALSE(world.try_join(Machine{1}, token));
    EXPECT_FALSE(world.try_token());
}

TEST(IssuerJoin, token_options_that_none_can_mean_are_told_with_a_remedy) {
    IssuerWorld world;
    world.join(Machine{1, "web"});
    const std::vector here{endpoint("192.0.2.1:1")};
    const issuer::TokenOptions rows[] = {{.lifetime = 0, .endpoints = here},
                                         {.lifetime = 91 * kDay, .endpoints = here},
                                         {.uses = 0, .endpoints = here},
                                         {.uses = 4'097, .endpoints = here},
                                         {.uses = 2, .name = "a", .endpoints = here},
                                         {.uses = 2, .replace = "web", .endpoints = here},
                                         {.name = "No", .endpoints = here},
                                         {.name = "web", .endpoints = here},
                                         {.replace = "nobody", .endpoints = here},
                                         {},
                                         {.endpoints = std::vector(5, here.front())}};
    for (const issuer::TokenOptions& row : rows) {
        const auto token = world.subject->create_token(row, world.view());
        ASSERT_FALSE(token);
        EXPECT_FALSE(token.error().cause.empty());
        EXPECT_FALSE(token.error().remedy.empty());
    }
}

// ---- The order of writing and telling -----------------------------------------------------------

TEST(IssuerJoin, nothing_happens_when_the_disk_refuses) {
    IssuerWorld world;
    const std::string token = world.token();
    const Machine machine{1};
    auto decision =
        world.subject->on_join(world.seal(machine, token), machine.source, world.view());
    ASSERT_TRUE(decision);
    EXPECT_FALSE(decision->records().empty());
    const auto answer = world.subject->commit(
        *std::move(decision), [](ConstBytes) -> Result<> { return invalid("the disk is full"); });
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().cause, "the disk is full");
    EXPECT_TRUE(world.subject->ledger().nodes().empty());
    EXPECT_EQ(world.join(Machine{2}, token).certificate().blocks.front(), prefix("10.64.0.0/24"));
}

TEST(IssuerJoin, the_record_is_written_before_the_state_changes) {
    IssuerWorld world;
    const Machine machine{1};
    auto decision =
        world.subject->on_join(world.seal(machine, world.token()), machine.source, world.view());
    ASSERT_TRUE(decision);
    bool persisted = false;
    const auto answer =
        world.subject->commit(*std::move(decision), [&](ConstBytes records) -> Result<> {
            persisted = !records.empty() && world.subject->ledger().nodes().empty();
            return {};
        });
    EXPECT_TRUE(answer);
    EXPECT_TRUE(persisted);
}

}  // namespace
}  // namespace weft::test
