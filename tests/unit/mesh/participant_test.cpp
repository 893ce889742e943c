// SPDX-License-Identifier: Apache-2.0
// Whole participants: init, token, join, members, peers, restart, revocation; and a crash after
// each write of all of it.
#include "participant_world.hpp"

namespace weft::mesh::whole {
namespace {

TEST(MeshParticipant, three_find_each_other) {
    World world;
    Machine& a = world.add("192.0.2.1");
    Machine& b = world.add("192.0.2.2");
    Machine& c = world.add("192.0.2.3");
    ASSERT_FALSE(a.subject->is_member());
    ASSERT_TRUE(world.init(a, "a"));
    for (auto [machine, name] : {std::pair{&b, "b"}, std::pair{&c, "c"}}) {
        const Result<> joined = world.join(*machine, a, name);
        ASSERT_TRUE(joined) << joined.error().message();
    }
    world.run(std::chrono::seconds{5});
    for (const Machine* machine : {&a, &b, &c}) {
        ASSERT_TRUE(machine->subject->is_member());
        EXPECT_EQ(machine->subject->gossip().members().size(), 3U);
        EXPECT_EQ(peers(*machine), 2U);
        EXPECT_EQ(machine->subject->certificate().blocks.size(), 2U);
    }
    EXPECT_FALSE(world.init(a, "a"));
    EXPECT_FALSE(world.join(b, a, "b"));
    const auto wanted = wanted_peers(b.subject->gossip(), b.subject->network().pools);
    const auto of_a = wanted.find(a.subject->certificate().wireguard_key);
    ASSERT_NE(of_a, wanted.end());
    EXPECT_EQ(of_a->second.name, "a");
    EXPECT_EQ(of_a->second.candidates, std::vector{a.endpoint});
}

TEST(MeshParticipant, goes_on_after_a_restart_before_anybody_is_heard) {
    World world;
    Machine& a = world.add("192.0.2.1");
    Machine& b = world.add("192.0.2.2");
    ASSERT_TRUE(world.init(a, "a"));
    ASSERT_TRUE(world.join(b, a, "b"));
    world.run(std::chrono::seconds{15});
    const auto block = b.subject->certificate().blocks;
    a.subject.reset();
    world.boot(b);
    ASSERT_TRUE(b.started);
    ASSERT_TRUE(b.subject->is_member());
    EXPECT_EQ(b.subject->certificate().blocks, block);
    EXPECT_EQ(peers(b), 1U);
    world.boot(a);
    ASSERT_TRUE(a.started) << a.started.error().message();
    world.run(std::chrono::seconds{10});
    EXPECT_EQ(a.subject->gossip().reachability(b.subject->gossip().id()),
              gossip::Reachability::kAlive);
    ASSERT_NE(a.subject->issuer(), nullptr);
    EXPECT_TRUE(a.subject->issuer()->ready());
}

TEST(MeshParticipant, that_ends_as_foreseen_knows_at_its_start_whom_it_has_just_met) {
    World world;
    Machine& a = world.add("192.0.2.1");
    Machine& b = world.add("192.0.2.2");
    ASSERT_TRUE(world.init(a, "a"));
    ASSERT_TRUE(world.join(b, a, "b"));
    world.run(std::chrono::seconds{1});
    ASSERT_EQ(peers(b), 1U);
    Output out;
    b.subject->stop(out);
    EXPECT_TRUE(out.notices.empty());
    a.subject.reset();
    world.boot(b);
    EXPECT_EQ(peers(b), 1U);
}

TEST(MeshParticipant, a_revoked_member_is_nobodys_peer_and_hears_of_it) {
    World world;
    Machine& a = world.add("192.0.2.1");
    Machine& b = world.add("192.0.2.2");
    Machine& c = world.add("192.0.2.3");
    ASSERT_TRUE(world.init(a, "a"));
    ASSERT_TRUE(world.join(b, a, "b"));
    ASSERT_TRUE(world.join(c, a, "c"));
    world.run(std::chrono::seconds{5});
    Output out;
    ASSERT_TRUE(a.subject->revoke("b", world.clock(), out));
    world.carry(a, out);
    world.run(std::chrono::seconds{5});
    EXPECT_EQ(peers(a), 1U);
    EXPECT_EQ(peers(c), 1U);
    EXPECT_FALSE(b.subject->create_token({}, world.clock()));
    const auto knows = [](const Machine& machine) {
        const identity::Certificate& own = machine.subject->certificate();
        return machine.subject->trust().is_revoked(own.identity_key, own.serial);
    };
    EXPECT_TRUE(knows(b));
    // One that is off meanwhile, and knows nobody but the issuer.
    world.run(std::chrono::seconds{12});
    c.subject.reset();
    ASSERT_TRUE(a.subject->revoke("c", world.clock(), out));
    world.carry(a, out);
    world.run(std::chrono::seconds{30});
    world.boot(c);
    EXPECT_FALSE(knows(c));
    world.run(std::chrono::seconds{5});
    EXPECT_TRUE(knows(c));
}

/// What each says of two machines with one key.
std::string clones_told_by(const Machine& machine, const World& world) {
    std::string all;
    for (const Trouble& trouble : machine.subject->troubles(world.clock().now)) {
        EXPECT_TRUE(trouble.remedy.starts_with("on the copy: weft down, rm -r "));
        all += trouble.code + ' ' + trouble.subject + '\n';
    }
    return all;
}

TEST(MeshParticipant, a_clone_is_named_by_all_until_it_is_gone_for_a_while) {
    World world;
    Machine& a = world.add("192.0.2.1");
    Machine& b = world.add("192.0.2.2");
    ASSERT_TRUE(world.init(a, "a"));
    ASSERT_TRUE(world.join(b, a, "b"));
    world.run(std::chrono::seconds{12});
    Machine& copy = world.add("192.0.2.3");
    copy.storage.files = b.storage.files;
    copy.boots = 100;
    world.boot(copy);
    world.run(std::chrono::seconds{20});
    EXPECT_EQ(clones_told_by(a, world), "member_contradicts_itself b\n");
    EXPECT_EQ(clones_told_by(b, world), "own_identity_elsewhere b\n");
    EXPECT_EQ(clones_told_by(copy, world), "own_identity_elsewhere b\n");
    EXPECT_EQ(b.told("own_identity_elsewhere"), 1U);
    copy.subject.reset();
    world.run(std::chrono::minutes{11});
    EXPECT_EQ(clones_told_by(a, world) + clones_told_by(b, world), "");
}

TEST(MeshParticipant, restarts_and_a_restored_backup_are_no_clone) {
    World world;
    Machine& a = world.add("192.0.2.1");
    Machine& b = world.add("192.0.2.2");
    ASSERT_TRUE(world.init(a, "a"));
    ASSERT_TRUE(world.join(b, a, "b"));
    world.run(std::chrono::seconds{12});
    const auto backup = b.storage.files;
    for (int round = 0; round < 10; ++round) {
        if (round % 3 == 2) {
            b.storage.files = backup;
        }
        world.boot(b);
        world.run(std::chrono::seconds{round});
        EXPECT_EQ(clones_told_by(a, world) + clones_told_by(b, world), "") << round;
    }
}

TEST(MeshParticipant, one_that_left_is_nobodys_peer_and_may_join_again) {
    World world;
    Machine& a = world.add("192.0.2.1");
    Machine& b = world.add("192.0.2.2");
    ASSERT_TRUE(world.init(a, "a"));
    ASSERT_TRUE(world.join(b, a, "b"));
    world.run(std::chrono::seconds{5});
    ASSERT_EQ(peers(a), 1U);
    Output out;
    ASSERT_TRUE(b.subject->leave(world.clock(), out));
    world.carry(b, out);
    world.run(std::chrono::seconds{2});
    EXPECT_EQ(peers(a), 0U);
    ASSERT_TRUE(b.subject->forget());
    EXPECT_TRUE(b.storage.files.empty());
    EXPECT_FALSE(b.subject->is_member());
}

TEST(MeshParticipant, the_name_of_one_that_left_is_free_for_the_next) {
    World world;
    Machine& a = world.add("192.0.2.1");
    Machine& b = world.add("192.0.2.2");
    ASSERT_TRUE(world.init(a, "a"));
    ASSERT_TRUE(world.join(b, a, "b"));
    world.run(std::chrono::seconds{5});
    const auto blocks = b.subject->certificate().blocks;
    Output out;
    ASSERT_TRUE(b.subject->leave(world.clock(), out));
    world.carry(b, out);
    world.run(std::chrono::seconds{2});
    ASSERT_TRUE(b.subject->forget());
    ASSERT_TRUE(world.join(b, a, "b"));
    EXPECT_EQ(b.subject->certificate().name, "b");
    EXPECT_NE(b.subject->certificate().blocks, blocks);  // those rest
}

TEST(MeshParticipant, an_issuer_whose_members_are_gone_for_good_goes_on_when_told_so) {
    World world;
    Machine& a = world.add("192.0.2.1");
    Machine& b = world.add("192.0.2.2");
    ASSERT_TRUE(world.init(a, "a"));
    ASSERT_TRUE(world.join(b, a, "b"));
    EXPECT_FALSE(b.subject->issue_alone());
    world.run(std::chrono::seconds{15});
    b.subject.reset();
    a.subject.reset();
    world.boot(a);
    world.run(std::chrono::minutes{2});
    Output out;
    const Result<> early = a.subject->revoke("b", world.clock(), out);
    ASSERT_FALSE(early);
    EXPECT_NE(early.error().remedy.find("weft issuer alone --yes"), std::string::npos);
    ASSERT_TRUE(a.subject->issue_alone());
    EXPECT_TRUE(a.subject->revoke("b", world.clock(), out));
    EXPECT_TRUE(world.join(world.add("192.0.2.3"), a, "c"));
}

TEST(MeshParticipant, a_crash_after_any_write_of_init_or_join_leaves_nothing_half_done) {
    SCOPED_TRACE(test::seed_text());
    for (std::size_t write = 0; write < 24; ++write) {
        World world;
        Machine& a = world.add("192.0.2.1");
        a.storage.writes_max = a.storage.writes + write;
        const bool done = world.init(a, "a").has_value();
        a.storage.writes_max = ~std::size_t{0};
        world.boot(a);
        ASSERT_TRUE(a.started) << write << ": " << a.started.error().message();
        ASSERT_TRUE(!done || a.subject->is_member()) << write;
        ASSERT_TRUE(a.subject->is_member() || world.init(a, "a")) << write;

        Machine& b = world.add("192.0.2.2");
        b.storage.writes_max = b.storage.writes + write;
        const auto token = a.subject->create_token({}, world.clock()).value().text;
        const bool joined = world.join_by(b, token, "b").has_value();
        b.storage.writes_max = ~std::size_t{0};
        world.boot(b);
        ASSERT_TRUE(b.started) << write << ": " << b.started.error().message();
        ASSERT_TRUE(!joined || b.subject->is_member()) << write;
        if (!b.subject->is_member()) {
            const Result<> again = world.join_by(b, token, "b");
            ASSERT_TRUE(again) << write << ": " << again.error().message();
        }
        ASSERT_TRUE(b.subject->is_member());
        EXPECT_EQ(a.subject->issuer()->ledger().pool().count(net::Family::kIpv4).owned, 2U);
    }
}

}  // namespace
}  // namespace weft::mesh::whole
