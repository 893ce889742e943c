// SPDX-License-Identifier: Apache-2.0
// Rotation of a member's keys: the old ones work until the new ones are certified, whatever is lost
// and wherever it crashes.
#include "participant_world.hpp"

namespace weft::mesh::whole {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct Rotation : testing::Test {
    Rotation() : a(world.add("192.0.2.1")), b(world.add("192.0.2.2")) {
        EXPECT_TRUE(world.init(a, "a"));
        EXPECT_TRUE(world.join(b, a, "b"));
        world.run(seconds{5});
    }
    Result<> rotate(Machine& machine) {
        Output out;
        Result<> begun = machine.subject->rotate(world.clock(), out);
        world.carry(machine, out);
        return begun;
    }
    /// The node's keys are its certificate's, and the other one has it for a peer under them.
    void expect_works(Machine& machine) {
        const auto& certificate = machine.subject->certificate();
        EXPECT_EQ(certificate.wireguard_key,
                  crypto::public_key_of(machine.subject->wireguard_key().value()));
        Machine& other = &machine == &a ? b : a;
        const auto wanted = wanted_peers(other.subject->gossip(), other.subject->network().pools);
        ASSERT_EQ(wanted.size(), 1U);
        EXPECT_EQ(wanted.begin()->first, certificate.wireguard_key);
        EXPECT_EQ(other.subject->gossip().reachability(machine.subject->gossip().id()),
                  gossip::Reachability::kAlive);
    }
    static crypto::PublicKey key(const Machine& machine) {
        return machine.subject->certificate().wireguard_key;
    }
    World world;
    Machine& a;
    Machine& b;
};

TEST_F(Rotation, gives_new_keys_to_the_same_node) {
    for (Machine* const machine : {&a, &b}) {
        const auto before = machine->subject->certificate();
        ASSERT_TRUE(rotate(*machine));
        EXPECT_FALSE(machine->subject->is_rotating());
        const auto& after = machine->subject->certificate();
        EXPECT_EQ(after.generation, before.generation + 1);
        EXPECT_EQ(after.identity_key, before.identity_key);
        EXPECT_NE(after.wireguard_key, before.wireguard_key);
        EXPECT_NE(after.gossip_key, before.gossip_key);
        EXPECT_EQ(after.blocks, before.blocks);
        EXPECT_EQ(machine->own_changes, 1U);
        EXPECT_EQ(machine->told("keys_rotated"), 1U);
        EXPECT_FALSE(machine->storage.files.contains("next.key"));
        world.run(seconds{20});
        expect_works(*machine);
        world.boot(*machine);
        ASSERT_TRUE(machine->started);
        EXPECT_EQ(machine->subject->certificate().generation, before.generation + 1);
        world.run(seconds{20});
        expect_works(a);
        expect_works(b);
    }
}

TEST_F(Rotation, goes_on_until_the_issuer_is_there) {
    a.subject.reset();
    const auto before = key(b);
    ASSERT_TRUE(rotate(b));
    ASSERT_TRUE(rotate(b));
    world.run(minutes{3});
    EXPECT_TRUE(b.subject->is_rotating());
    EXPECT_EQ(key(b), before);
    world.boot(b);
    ASSERT_TRUE(b.started && b.subject->is_rotating());
    EXPECT_EQ(key(b), before);
    world.boot(a);
    world.run(minutes{3});
    EXPECT_FALSE(b.subject->is_rotating());
    EXPECT_NE(key(b), before);
    expect_works(b);
}

TEST_F(Rotation, gets_the_same_again_where_the_answer_was_lost) {
    a.loses = [](const net::Endpoint&, ConstBytes bytes) { return bytes[0] == std::byte{0x14}; };
    ASSERT_TRUE(rotate(b));
    world.run(seconds{40});
    EXPECT_TRUE(b.subject->is_rotating());
    world.boot(b);
    a.loses = nullptr;
    world.run(minutes{3});
    EXPECT_FALSE(b.subject->is_rotating());
    EXPECT_EQ(b.subject->certificate().generation, 2U);
    EXPECT_EQ(a.subject->issuer()->ledger().holder("b")->certificate, b.subject->certificate());
    expect_works(b);
}

/// A renewal was granted and its answer lost; then the operator rotates.
TEST_F(Rotation, first_takes_the_renewal_that_it_missed) {
    a.loses = [](const net::Endpoint&, ConstBytes bytes) { return bytes[0] == std::byte{0x14}; };
    world.skip(hours{24} * 183);
    world.run(minutes{10});
    ASSERT_EQ(a.subject->issuer()->ledger().holder("b")->certificate.generation, 2U);
    ASSERT_EQ(b.subject->certificate().generation, 1U);
    a.loses = nullptr;
    ASSERT_TRUE(rotate(b));
    world.run(minutes{3});
    EXPECT_FALSE(b.subject->is_rotating());
    EXPECT_EQ(b.subject->certificate().generation, 3U);
    expect_works(b);
}

TEST_F(Rotation, a_crash_after_any_write_leaves_the_old_or_the_new) {
    for (std::size_t write = 0; write < 10; ++write) {
        for (Machine* const machine : {&a, &b}) {
            for (const bool at_issuer : {false, true}) {
                Machine& dies = at_issuer ? a : *machine;
                const auto before = key(*machine);
                dies.storage.writes_max = dies.storage.writes + write;
                const bool begun = rotate(*machine).has_value();
                world.run(seconds{1});
                dies.storage.writes_max = ~std::size_t{0};
                world.boot(dies);
                ASSERT_TRUE(dies.started) << dies.started.error().message();
                world.run(minutes{4});
                ASSERT_FALSE(machine->subject->is_rotating());
                ASSERT_TRUE(!begun || key(*machine) != before) << write;
                expect_works(a);
                expect_works(b);
            }
        }
    }
}

TEST_F(Rotation, keys_that_are_not_the_certificates_are_told_at_the_start) {
    const auto old = b.storage.files.at("node.key");
    ASSERT_TRUE(rotate(b));
    b.storage.files["node.key"] = old;
    world.boot(b);
    ASSERT_FALSE(b.started);
    EXPECT_NE(b.started.error().remedy.find("restore node.key"), std::string::npos);
}

}  // namespace
}  // namespace weft::mesh::whole
