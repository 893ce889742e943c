// SPDX-License-Identifier: Apache-2.0
// What a node says of itself: changes, older lives of its own, clones, and how it leaves.
#include <gtest/gtest.h>

#include "gossip_world.hpp"

namespace weft::test {
namespace {

using Kind = gossip::Event::Kind;

/// A node and a member that relays what the test likes.
struct OwnRecord : testing::Test {
    OwnRecord() {
        World::acquaint(node, relay);
        world.drop();
    }
    [[nodiscard]] const gossip::Member& member() const {
        return *node.node->members().find(node.id());
    }
    /// Something signed with the node's key, as heard from the relay.
    gossip::Actions hear(const gossip::Record& record, std::uint32_t signer = 10) {
        const Statements statements{certificate_bytes(10), sign(record, signer)};
        return node.hear(relay, relay.seal(node, {statements.item()}));
    }
    static gossip::Record word(std::uint64_t epoch, std::uint64_t sequence = 1) {
        gossip::Record record = test::record(10, sequence);
        record.order.epoch = epoch;
        return record;
    }

    World world;
    Machine& node = world.start(10);
    Machine& relay = world.start(20);
};

TEST_F(OwnRecord, is_signed_once_for_each_change) {
    EXPECT_EQ(member().order(), (gossip::Order{1, kBirth, 1}));
    const std::uint64_t digest = node.node->members().digest();
    const std::size_t events = node.events.size();
    for (int i = 0; i < 5; ++i) {
        node.publish();
        EXPECT_EQ(node.node->members().digest(), digest);
        EXPECT_EQ(node.events.size(), events);
    }
    node.publish(1'400);
    EXPECT_EQ(member().order(), (gossip::Order{1, kBirth, 2}));
    EXPECT_EQ(member().record->record.mtu, 1'400);
    EXPECT_NE(node.node->members().digest(), digest);
    EXPECT_EQ(node.events.size(), events + 1);
}

TEST_F(OwnRecord, changes_faster_than_others_take_them_wait_and_the_last_is_known) {
    for (std::uint16_t i = 1; i <= 20; ++i) {
        node.publish(static_cast<std::uint16_t>(1'300 + i));
        world.run(milliseconds{100});
    }
    EXPECT_LT(member().record->record.mtu, 1'320);
    world.run(seconds{11});
    EXPECT_EQ(relay.node->members().find(node.id())->record->record.mtu, 1'320);
    EXPECT_EQ(relay.node->counters().over_budget, 0U);
}

TEST_F(OwnRecord, of_an_earlier_life_is_jumped_past_once_the_disk_knows) {
    node.disk_is_slow = true;
    const gossip::Actions actions = hear(word(kBirth + 100));
    EXPECT_EQ(actions.epoch, kBirth + 101);
    EXPECT_EQ(member().order(), (gossip::Order{1, kBirth, 1}));
    node.publish(1'300);  // waits as well
    hear(word(kBirth + 200));
    EXPECT_EQ(member().order(), (gossip::Order{1, kBirth, 1}));
    node.store_epoch();
    EXPECT_EQ(member().order(), (gossip::Order{1, kBirth + 101, 1}));
    EXPECT_EQ(member().record->record.mtu, 1'300);
    EXPECT_EQ(hear(word(kBirth + 200)).epoch, kBirth + 201);
    node.store_epoch();
    EXPECT_EQ(member().order(), (gossip::Order{1, kBirth + 201, 1}));
    node.store_epoch();  // not asked for
    EXPECT_EQ(member().order(), (gossip::Order{1, kBirth + 201, 1}));
}

TEST_F(OwnRecord, of_the_same_order_and_other_content_is_jumped_past) {
    EXPECT_EQ(hear(word(kBirth)).epoch, kBirth + 1);
    EXPECT_EQ(member().order(), (gossip::Order{1, kBirth + 1, 1}));
}

TEST_F(OwnRecord, that_is_older_the_same_or_forged_changes_nothing) {
    EXPECT_EQ(hear(word(kBirth - 1, 99)).epoch, std::nullopt);
    EXPECT_EQ(hear(member().record->record).epoch, std::nullopt);
    EXPECT_EQ(hear(word(kBirth + 100), 20).epoch, std::nullopt);
    EXPECT_EQ(member().order(), (gossip::Order{1, kBirth, 1}));
    EXPECT_EQ(node.count(Kind::kOwnElsewhere), 0U);
}

TEST_F(OwnRecord, of_whoever_jumps_past_it_in_turn_tells_of_a_clone) {
    for (const std::uint64_t its_boot_id : {0xc10eU, 10U}) {  // the latter: copied as it runs
        const std::size_t before = node.count(Kind::kOwnElsewhere);
        gossip::Record clone = word(member().order().epoch + 50);
        clone.boot_id = its_boot_id;
        hear(clone);
        EXPECT_EQ(node.count(Kind::kOwnElsewhere), before);  // may be its own, from before
        hear(clone);
        EXPECT_EQ(node.count(Kind::kOwnElsewhere), before);
        EXPECT_EQ(member().order().epoch, clone.order.epoch + 1);
        clone.order.epoch = member().order().epoch + 1;
        hear(clone);
        EXPECT_EQ(node.count(Kind::kOwnElsewhere), before + 1);
        EXPECT_EQ(member().order().epoch, clone.order.epoch + 1);
        world.now += minutes{6};
    }
}

TEST_F(OwnRecord, of_several_earlier_lives_is_no_clones) {
    std::uint64_t epoch = kBirth;
    for (std::uint64_t life = 1; life < 9; ++life) {
        gossip::Record earlier = word(epoch += 2);
        earlier.boot_id = 100 + life;
        EXPECT_EQ(hear(earlier).epoch, epoch + 1);
        world.now += seconds{10};
    }
    for (const std::uint64_t later : {1'000U, 2'000U, 3'000U}) {  // one that jumped by itself
        gossip::Record earlier = word(kBirth + later);
        earlier.boot_id = 77;
        EXPECT_EQ(hear(earlier).epoch, kBirth + later + 1);
        world.now += seconds{10};
    }
    EXPECT_EQ(node.count(Kind::kOwnElsewhere), 0U);
}

TEST_F(OwnRecord,
       under_a_certificate_that_was_lost_tells_of_a_clone_only_where_the_keys_are_others) {
    gossip::Record later = word(kBirth + 9);
    later.order.generation = 2;
    identity::Certificate renewed = certificate(10);
    renewed.generation = 2;
    const auto tell = [&](const Buffer& certificate) {
        EXPECT_FALSE(
            node.hear(relay, relay.seal(node, {Statements{certificate, sign(later, 10)}.item()}))
                .epoch);
        return node.count(Kind::kOwnElsewhere);
    };
    EXPECT_EQ(tell(build(renewed, issuer_key())), 0U);
    EXPECT_EQ(tell({}), 0U);  // its record alone
    renewed.gossip_key = crypto::public_key_of(private_key(77));
    EXPECT_EQ(tell(build(renewed, issuer_key())), 1U);
}

TEST_F(OwnRecord, clones_that_outbid_each_other_do_so_slowly) {
    std::size_t jumps = 0;
    for (int tenths = 0; tenths < 600; ++tenths) {
        gossip::Record clone = word(member().order().epoch + 1);
        clone.boot_id = 0xc10e;
        jumps += hear(clone).epoch ? 1U : 0U;
        world.now += milliseconds{100};
    }
    EXPECT_GE(jumps, 5U);
    EXPECT_LE(jumps, 5U + 6U);
}

TEST_F(OwnRecord, of_a_restored_backup_wins_in_the_end) {
    node.publish(1'400);
    world.run(seconds{5});
    ASSERT_EQ(relay.node->members().find(node.id())->record->record.mtu, 1'400);
    node.restart(kBirth - 1'000);  // its disk was set back
    node.publish(1'300);
    World::acquaint(node, relay);
    world.run(seconds{40});
    EXPECT_EQ(relay.node->members().find(node.id())->record->record.mtu, 1'300);
    EXPECT_GT(member().order().epoch, kBirth);
    EXPECT_EQ(node.node->members().digest(), relay.node->members().digest());
}

TEST_F(OwnRecord, leave_is_told_at_once_and_known_as_a_leave) {
    node.act([](gossip::Node& it, const gossip::Moment& moment, gossip::Actions& actions) {
        it.leave(moment, actions);
        EXPECT_FALSE(actions.datagrams.empty());
    });
    EXPECT_TRUE(node.node->has_signed_off());
    EXPECT_TRUE(member().record->record.left);
    world.deliver();
    EXPECT_EQ(relay.node->reachability(node.id()), gossip::Reachability::kLeft);
    EXPECT_TRUE(relay.knows(node.id()));
    world.lost = [&](const Packet& packet) { return packet.to == node.at; };
    world.run(minutes{2});
    EXPECT_EQ(relay.node->reachability(node.id()), gossip::Reachability::kLeft);
    EXPECT_EQ(relay.node->counters().suspicions, 0U);
    // A new life joins again.
    world.lost = nullptr;
    node.restart(kBirth + 500);
    node.publish();
    World::restore(node,
                   Statements{relay.certificate->bytes,
                              relay.node->members().find(relay.id())->record->bytes});
    world.run(seconds{40});
    EXPECT_EQ(relay.node->reachability(node.id()), gossip::Reachability::kAlive);
}

TEST_F(OwnRecord, leave_before_anybody_was_met_is_told_to_the_first_who_is) {
    Machine& early = world.start(30);
    early.act([](gossip::Node& it, const gossip::Moment& moment, gossip::Actions& actions) {
        it.leave(moment, actions);
    });
    early.node->add_seed({relay.id(), relay.certificate->certificate.gossip_key, relay.at});
    for (int i = 0; i < 200 && !early.knows(relay.id()); ++i) {
        EXPECT_FALSE(early.node->has_signed_off());
        world.run(milliseconds{10});
    }
    world.run(milliseconds{50});
    EXPECT_TRUE(early.node->has_signed_off());
    EXPECT_EQ(relay.node->reachability(early.id()), gossip::Reachability::kLeft);
}

TEST_F(OwnRecord, goes_on_under_a_new_certificate_and_new_keys) {
    identity::Certificate renewed = certificate(10);
    renewed.generation = 2;
    renewed.serial += 1'000;
    renewed.gossip_key = crypto::public_key_of(private_key(77));
    const auto good =
        node.cache.certificate(build(renewed, issuer_key()), *node.trust, {kBirth, true});
    ASSERT_TRUE(good);
    world.run(seconds{5});
    node.act([&](gossip::Node& it, const gossip::Moment& moment, gossip::Actions& actions) {
        it.replace_identity({*good, node_key(10).clone(), private_key(77)}, moment, actions);
    });
    EXPECT_EQ(member().order().generation, 2U);
    world.run(seconds{10});
    const gossip::Member* seen = relay.node->members().find(node.id());
    ASSERT_NE(seen, nullptr);
    EXPECT_EQ(seen->certificate->certificate.gossip_key, renewed.gossip_key);
    world.run(minutes{1});
    EXPECT_EQ(relay.node->reachability(node.id()), gossip::Reachability::kAlive);
    EXPECT_EQ(node.node->reachability(relay.id()), gossip::Reachability::kAlive);
    EXPECT_EQ(relay.node->members().digest(), node.node->members().digest());
}

}  // namespace
}  // namespace weft::test
