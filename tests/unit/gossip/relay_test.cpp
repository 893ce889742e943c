// SPDX-License-Identifier: Apache-2.0
// What members relay: forgeries cost their relayer, revocations reach everyone, and who is revoked
// is heard no more.
#include <gtest/gtest.h>

#include "gossip_world.hpp"

namespace weft::test {
namespace {

using gossip::Actions;
using gossip::Message;
using Kind = gossip::Event::Kind;

struct Relay : testing::Test {
    Relay() {
        World::acquaint(node, relay);
        World::acquaint(node, other);
        World::acquaint(relay, other);
        world.run(seconds{10});
        world.now += seconds{60};
    }
    Actions tell(Machine& by, const Message& message) {
        return node.hear(by, by.seal(node, {message}, by.header()));
    }
    [[nodiscard]] std::uint64_t rejected(identity::Rejected reason) const {
        return node.node->counters().rejected[static_cast<std::size_t>(reason)];
    }

    World world;
    Machine& node = world.start(10);
    Machine& relay = world.start(20);
    Machine& other = world.start(30);
};

// ---- Forgeries ----------------------------------------------------------------------------------

TEST_F(Relay, that_forges_is_not_heard_for_a_while_and_then_forgiven) {
    const auto forge = [&](std::uint32_t number) {
        Statements forged{number};
        forged.record.back() ^= std::byte{1};
        tell(relay, forged.item());
    };
    for (std::uint32_t i = 0; i < 20; ++i) {
        forge(100 + i);
    }
    EXPECT_EQ(rejected(identity::Rejected::kBadSignature), 10U);
    tell(relay, Statements{101}.item());
    EXPECT_FALSE(node.knows(node_id(101)));
    tell(other, Statements{102}.item());  // others are heard
    EXPECT_TRUE(node.knows(node_id(102)));
    world.now += seconds{12};
    tell(relay, Statements{101}.item());
    EXPECT_TRUE(node.knows(node_id(101)));
    // Forgiven, but not all at once.
    for (std::uint32_t i = 0; i < 20; ++i) {
        forge(100 + i);
    }
    EXPECT_LE(rejected(identity::Rejected::kBadSignature), 13U);
}

TEST_F(Relay, that_forges_costs_few_verifications) {
    const auto before = node.cache.verified();
    for (std::uint64_t i = 0; i < 500; ++i) {
        Statements forged{30, 1'000 + i};
        forged.record.back() ^= std::byte{1};
        tell(relay, forged.item());
        world.now += milliseconds{20};
    }
    // Ten at once and one each six seconds, for ten seconds.
    EXPECT_LE(node.cache.verified() - before, 13U);
    tell(other, Statements{30, 5'000}.item());
    EXPECT_EQ(node.node->members().find(other.id())->order().sequence, 5'000U);
}

TEST_F(Relay, of_what_others_refuse_for_their_own_reasons_is_not_charged) {
    identity::Certificate expired = certificate(101);
    expired.not_after = kBirth - 1;
    const Statements old{build(expired, issuer_key()), record_bytes(101)};
    identity::Certificate foreign = certificate(102);
    foreign.issuer_number = 9;
    foreign.serial = std::uint64_t{9} << 32U;
    const Statements unknown{build(foreign, issuer_key()), record_bytes(102)};
    for (int i = 0; i < 30; ++i) {
        tell(relay, old.item());
        tell(relay, unknown.item());
    }
    EXPECT_EQ(rejected(identity::Rejected::kExpired), 30U);
    EXPECT_EQ(rejected(identity::Rejected::kUnknownIssuer), 30U);
    tell(relay, Statements{103}.item());
    EXPECT_TRUE(node.knows(node_id(103)));
}

TEST_F(Relay, brings_news_that_go_on_to_others) {
    tell(relay, Statements{101}.item());
    ASSERT_TRUE(node.knows(node_id(101)));
    EXPECT_EQ(node.events.back().kind, Kind::kMemberNew);
    world.run(seconds{3});
    EXPECT_TRUE(other.knows(node_id(101)));
}

TEST_F(Relay, of_something_older_is_told_what_is_newer) {
    relay.publish(1'300);
    world.run(seconds{2});
    tell(other, Statements{20, 1}.item());
    world.now += milliseconds{20};
    std::size_t told = 0;
    for (const Opened& opened : other.open_all(node, node.on_timer())) {
        told += opened.all<gossip::MemberItem>().size();
    }
    EXPECT_EQ(told, 1U);
}

TEST_F(Relay, says_two_things_of_one_order_and_one_wins_with_an_alarm) {
    std::size_t replaced = 0;
    for (std::uint16_t mtu = 1'000; mtu < 1'010; ++mtu) {
        gossip::Record word = record(30, 50);
        word.mtu = mtu;
        const std::uint64_t digest = node.node->members().digest();
        tell(relay, Statements{certificate_bytes(30), sign(word, 30)}.item());
        replaced += node.node->members().digest() != digest ? 1U : 0U;
        world.now += seconds{10};
    }
    EXPECT_GE(replaced, 1U);
    EXPECT_EQ(node.count(Kind::kEquivocation), 9U);
    EXPECT_EQ(node.node->counters().equivocated, 9U);
}

// ---- Clones -------------------------------------------------------------------------------------

/// Of 30: a record of one life after the other, ten seconds between.
struct Lives : Relay {
    struct Word {
        std::uint64_t life;
        std::uint64_t epoch;
    };
    void hear(std::initializer_list<Word> words) {
        for (const Word& word : words) {
            gossip::Record record = test::record(30, 50);
            record.boot_id = word.life;
            record.order.epoch = kBirth + word.epoch;
            tell(relay, Statements{certificate_bytes(30), sign(record, 30)}.item());
            EXPECT_EQ(node.node->members().find(node_id(30))->order(), record.order);
            world.now += seconds{10};
        }
    }
    [[nodiscard]] std::size_t told() const { return node.count(Kind::kEquivocation); }
};

TEST_F(Lives, that_take_turns_are_two_machines) {
    hear({{1, 10}, {2, 300}, {1, 301}});
    EXPECT_EQ(told(), 0U);  // a backup was restored, or two were copied
    hear({{2, 302}});
    EXPECT_EQ(told(), 1U);
    hear({{1, 305}, {1, 307}, {2, 310}});  // not all is heard
    EXPECT_EQ(told(), 3U);
    hear({{1, 311}});
    EXPECT_EQ(told(), 4U);
}

TEST_F(Lives, of_three_machines_take_turns_too) {
    hear({{1, 10}, {2, 300}, {3, 310}, {1, 311}, {2, 312}});
    EXPECT_EQ(told(), 1U);
    hear({{1, 313}, {3, 314}});
    EXPECT_EQ(told(), 3U);
}

TEST_F(Lives, of_one_machine_do_not_come_back) {
    for (std::uint64_t life = 1; life < 20; ++life) {  // without a clock
        hear({{life, life}});
    }
    hear({{20, 100}, {20, 101}, {20, 102}});
    EXPECT_EQ(told(), 0U);
}

TEST_F(Lives, that_a_backup_separates_are_one_machines) {
    hear({{2, 11}, {1, 12}, {2, 13}});  // what the earlier one has signed is heard late
    hear({{3, 14}, {4, 15}, {5, 16}});
    EXPECT_EQ(told(), 0U);
    world.now += minutes{6};
    hear({{4, 17}});  // once more, later
    EXPECT_EQ(told(), 0U);
    hear({{7, 1'000}, {6, 2'000}, {7, 3'000}, {6, 4'000}, {7, 5'000}});
    EXPECT_EQ(told(), 0U);
}

// ---- Revocations --------------------------------------------------------------------------------

TEST_F(Relay, revoked_is_gone_everywhere_and_heard_by_nobody) {
    ASSERT_EQ(node.revoke(20), std::nullopt);
    EXPECT_FALSE(node.knows(relay.id()));
    EXPECT_EQ(node.count(Kind::kMemberWithdrawn), 1U);
    EXPECT_EQ(node.count(Kind::kTrustChanged), 1U);
    world.lost = [&](const Packet& packet) { return packet.to == relay.at; };
    world.run(seconds{5});
    EXPECT_FALSE(other.knows(relay.id()));
    EXPECT_EQ(other.count(Kind::kMemberWithdrawn), 1U);
    EXPECT_EQ(node.node->members().digest(), other.node->members().digest());
    EXPECT_FALSE(node.node->seen_endpoint(relay.id()));
    // It still has its keys, and they open nothing: as a stranger it gets a cookie, and then the
    // word that it is revoked, no longer than what it sent.
    for (Machine* machine : {&node, &other}) {
        const auto members = machine->node->members().digest();
        const Buffer sealed =
            relay.seal(*machine, {Statements{101}.item(), gossip::Ping{1}}, relay.header());
        const Actions answer = machine->hear(relay, sealed);
        ASSERT_EQ(answer.datagrams.size(), 1U);
        EXPECT_EQ(answer.datagrams[0].bytes[0], std::byte{0x12});
        gossip::Cookie cookie{};
        copy_bytes(ConstBytes{answer.datagrams[0].bytes}.last(16), cookie);
        const Buffer introduction =
            relay.introduce(*machine, cookie, certificate_bytes(20), {gossip::Ping{2}});
        const Actions introduced = machine->hear(relay, introduction);
        ASSERT_EQ(introduced.datagrams.size(), 1U);
        EXPECT_LE(introduced.datagrams[0].bytes.size(), introduction.size());
        const auto opened = relay.open(*machine, introduced.datagrams[0].bytes);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->messages.size(), 1U);
        EXPECT_EQ(opened->all<gossip::RevocationItem>().size(), 1U);
        EXPECT_EQ(machine->node->members().digest(), members);
    }
    // Nor does anybody bring it back.
    tell(other, Statements{20, 99}.item());
    EXPECT_FALSE(node.knows(relay.id()));
    world.run(minutes{2});
    EXPECT_FALSE(node.knows(relay.id()) || other.knows(relay.id()));
}

/// As a node that was away for a while, or that everybody forgot before it heard.
TEST_F(Relay, revoked_hears_of_it_from_whomever_it_greets) {
    world.lost = [&](const Packet& packet) { return packet.to == relay.at; };
    for (std::uint32_t i = 1; i < 10; ++i) {  // more than one answer holds
        ASSERT_EQ(node.revoke(100 + i, i), std::nullopt);
    }
    ASSERT_EQ(node.revoke(20, 10), std::nullopt);
    world.run(seconds{5});
    ASSERT_EQ(relay.trust->revocation_count(), 0U);
    world.lost = nullptr;
    world.run(minutes{2});
    EXPECT_EQ(relay.trust->revocation_count(), 10U);
    EXPECT_FALSE(relay.knows(relay.id()));
    EXPECT_FALSE(node.knows(relay.id()) || other.knows(relay.id()));
    // It has nothing more to say, and nobody answers at length.
    const std::uint64_t before = node.node->counters().bytes_out;
    world.run(minutes{1});
    EXPECT_LE(node.node->counters().bytes_out - before, 60U * 1'000U);
}

TEST_F(Relay, of_a_revocation_with_a_gap_is_asked_for_what_lies_between) {
    const Buffer second = revocation_bytes(102, 2);
    const Actions actions = tell(relay, gossip::RevocationItem{second});
    EXPECT_EQ(rejected(identity::Rejected::kGap), 1U);
    std::size_t asked = 0;
    for (const Opened& opened : relay.open_all(node, actions)) {
        asked += opened.all<gossip::TrustHeads>().size();
    }
    EXPECT_EQ(asked, 1U);
    tell(relay, gossip::RevocationItem{revocation_bytes(101, 1)});
    tell(relay, gossip::RevocationItem{second});
    EXPECT_EQ(node.trust->revocation_count(), 2U);
}

TEST_F(Relay, revocations_that_were_missed_are_fetched) {
    world.lost = [&](const Packet& packet) {
        return packet.to == other.at || packet.from == other.at;
    };
    for (std::uint64_t i = 1; i <= 40; ++i) {
        ASSERT_EQ(node.revoke(100 + static_cast<std::uint32_t>(i), i), std::nullopt);
    }
    world.run(minutes{2});
    ASSERT_EQ(relay.trust->revocation_count(), 40U);
    ASSERT_EQ(other.trust->revocation_count(), 0U);
    world.lost = nullptr;
    world.run(minutes{1});
    EXPECT_EQ(other.trust->revocation_count(), 40U);
    EXPECT_EQ(other.trust->revocation_digest(), node.trust->revocation_digest());
}

TEST_F(Relay, of_issuers_and_successors_is_believed_by_signature_only) {
    identity::IssuerCertificate second = issuer_certificate();
    second.number = 2;
    second.slices = {prefix("172.16.0.0/16")};
    second.signing_key = signing_key(501).verify_key();
    tell(relay, gossip::IssuerItem{build(second, signing_key(9))});
    EXPECT_EQ(node.trust->issuer(2), nullptr);
    EXPECT_EQ(rejected(identity::Rejected::kBadSignature), 1U);
    tell(relay, gossip::IssuerItem{build(second, root_key(1))});
    EXPECT_NE(node.trust->issuer(2), nullptr);
    EXPECT_EQ(node.count(Kind::kTrustChanged), 1U);
    const identity::Successor successor{network(), 1, signing_key(8).verify_key(), kBirth};
    tell(relay, gossip::SuccessorItem{build(successor, signing_key(9))});
    EXPECT_TRUE(node.trust->successors().empty());
    tell(relay, gossip::SuccessorItem{build(successor, root_key(1))});
    EXPECT_EQ(node.trust->successors().size(), 1U);
    world.run(seconds{5});
    for (const Machine* machine : {&relay, &other}) {
        EXPECT_NE(machine->trust->issuer(2), nullptr);
        EXPECT_EQ(machine->trust->successors().size(), 1U);
    }
}

// ---- Time ---------------------------------------------------------------------------------------

TEST_F(Relay, members_past_their_grace_go_and_not_by_a_clock_that_is_not_trusted) {
    world.clock_ahead_s = static_cast<std::int64_t>(500 * kDay);  // a year and the grace
    world.clock_trusted = false;
    world.run(minutes{3});
    EXPECT_EQ(node.node->members().size(), 3U);
    world.clock_trusted = true;
    world.run(minutes{3});
    EXPECT_EQ(node.node->members().size(), 0U);
}

}  // namespace
}  // namespace weft::test
