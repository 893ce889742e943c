// SPDX-License-Identifier: Apache-2.0
// A member's certificate over the years: renewed in time, at the issuer's own node too, through
// losses, restarts and crashes; and what is told when it is not.
#include "participant_world.hpp"

namespace weft::mesh::whole {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr hours kDay{24};
constexpr hours kHalfYear = 183 * kDay;

struct Renewals : testing::Test {
    Renewals() : a(world.add("192.0.2.1")), b(world.add("192.0.2.2")) {
        EXPECT_TRUE(world.init(a, "a"));
        EXPECT_TRUE(world.join(b, a, "b"));
        world.run(seconds{12});
    }
    [[nodiscard]] static std::uint32_t generation(const Machine& machine) {
        return machine.subject->certificate().generation;
    }
    [[nodiscard]] std::string trouble(const Machine& machine) const {
        const auto all = machine.subject->troubles(world.clock().now);
        return all.empty() ? "" : all.front().code;
    }
    World world;
    Machine& a;
    Machine& b;
};

TEST_F(Renewals, come_at_half_of_a_certificates_life_and_not_before) {
    world.skip(180 * kDay);
    world.run(minutes{15});
    EXPECT_EQ(generation(a), 1U);
    EXPECT_EQ(generation(b), 1U);
    EXPECT_EQ(b.joins_sent, 2U);  // those of its join
    EXPECT_FALSE(b.subject->is_renewing());
    const auto before = b.subject->certificate();
    world.skip(4 * kDay);
    world.run(seconds{1});
    EXPECT_TRUE(b.subject->is_renewing());
    world.run(minutes{15});
    EXPECT_FALSE(b.subject->is_renewing());
    EXPECT_EQ(generation(a), 2U);
    ASSERT_EQ(generation(b), 2U);
    EXPECT_EQ(b.own_changes, 1U);
    EXPECT_EQ(b.told("certificate_renewed"), 1U);
    EXPECT_EQ(b.subject->certificate().blocks, before.blocks);
    EXPECT_EQ(b.subject->certificate().wireguard_key, before.wireguard_key);
    EXPECT_GT(b.subject->certificate().not_after, before.not_after);
    for (const auto& [of, at] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
        const auto* known = at->subject->gossip().members().find(of->subject->gossip().id());
        ASSERT_NE(known, nullptr);
        EXPECT_EQ(known->certificate->certificate.generation, 2U);
    }
    EXPECT_EQ(peers(a), 1U);
    EXPECT_EQ(peers(b), 1U);
    // Years on end, over restarts.
    for (std::uint32_t i = 3; i < 7; ++i) {
        world.skip(kHalfYear);
        world.boot(b);
        world.run(minutes{15});
        ASSERT_EQ(generation(a), i);
        ASSERT_EQ(generation(b), i);
        ASSERT_EQ(peers(a), 1U);
    }
    EXPECT_EQ(a.told("renewal_failed") + b.told("renewal_failed"), 0U);
}

TEST_F(Renewals, of_an_ephemeral_node_come_each_half_day) {
    Machine& c = world.add("192.0.2.3");
    ASSERT_TRUE(world.join(c, a, "c", {.ephemeral = true}));
    for (std::uint32_t i = 2; i < 5; ++i) {
        world.skip(hours{12});
        world.run(minutes{3});
        ASSERT_EQ(generation(c), i);
        EXPECT_TRUE(c.subject->certificate().ephemeral);
    }
    EXPECT_EQ(peers(a), 2U);
}

TEST_F(Renewals, do_not_need_the_issuer_at_once) {
    a.subject.reset();
    world.skip(kHalfYear);
    world.run(hours{3});
    EXPECT_EQ(generation(b), 1U);
    EXPECT_EQ(b.told("renewal_failed"), 1U);
    EXPECT_EQ(trouble(b), "");  // there is time
    const std::size_t sent = b.joins_sent - 2;
    EXPECT_GE(sent, 2U * 9);  // attempts of half a minute
    EXPECT_LE(sent, 6U * 12);
    EXPECT_EQ(peers(b), 1U);
    world.boot(a);
    world.run(hours{2});
    EXPECT_EQ(generation(b), 2U);
}

TEST_F(Renewals, are_urgent_in_the_last_week_and_in_the_grace) {
    a.subject.reset();
    world.skip(360 * kDay);
    world.run(hours{1});
    EXPECT_GE(b.joins_sent, 2U + 4 * 9);
    EXPECT_EQ(trouble(b), "certificate_not_renewed");
    world.skip(30 * kDay);
    world.boot(b);
    EXPECT_EQ(trouble(b), "certificate_expired");
    world.boot(a);
    world.run(minutes{20});
    EXPECT_EQ(generation(b), 2U);
    EXPECT_EQ(peers(a), 1U);
    EXPECT_EQ(trouble(b), "");
    EXPECT_EQ(b.told("certificate_expired"), 0U);
}

TEST_F(Renewals, that_are_urgent_are_tried_again_soon_and_then_less_often) {
    a.subject.reset();
    world.skip(370 * kDay);
    world.boot(b);
    const auto sent_in = [&](minutes span) {
        const std::size_t before = b.joins_sent;
        world.run(span);
        return b.joins_sent - before;
    };
    // Attempts of half a minute, each of 9 to 12 requests.
    EXPECT_GE(sent_in(minutes{6}), 4U * 9);
    EXPECT_LE(sent_in(minutes{30}), 12U * 12);  // five minutes between, less a half
    EXPECT_EQ(trouble(b), "certificate_expired");
    EXPECT_EQ(b.told("renewal_failed"), 1U);
}

TEST_F(Renewals, come_at_once_when_the_issuer_is_heard_of_again) {
    for (const auto age : {370 * kDay, kHalfYear}) {  // expired; and with time left
        a.subject.reset();
        world.skip(age);
        world.boot(b);
        world.run(hours{2});
        const std::uint32_t before = generation(b);
        const std::size_t sent = b.joins_sent;
        EXPECT_EQ(trouble(b), age > kHalfYear ? "certificate_expired" : "");
        world.boot(a);
        world.run(seconds{15});
        EXPECT_GT(b.joins_sent, sent);
        world.run(seconds{15});  // the issuer merges first, and has it wait
        EXPECT_EQ(generation(b), before + 1);
        EXPECT_EQ(trouble(b), "");
    }
}

TEST_F(Renewals, past_the_grace_are_over_and_the_operator_is_told) {
    a.subject.reset();
    world.skip((365 + 91) * kDay);
    world.boot(b);
    world.run(minutes{1});
    EXPECT_EQ(b.told("certificate_expired"), 1U);
    const auto told = std::find_if(b.notices.begin(), b.notices.end(), [](const Notice& notice) {
        return notice.event == "certificate_expired";
    });
    ASSERT_NE(told, b.notices.end());
    EXPECT_NE(told->detail.find("`weft join` with a new token"), std::string::npos);
    world.boot(a);
    world.run(hours{2});
    EXPECT_EQ(generation(b), 1U);
    EXPECT_EQ(b.told("certificate_expired"), 1U);
}

/// The issuer has recorded the grant, and nobody has heard of it.
TEST_F(Renewals, get_the_same_again_where_the_answer_was_lost) {
    a.loses = [](const net::Endpoint&, ConstBytes bytes) { return bytes[0] == std::byte{0x14}; };
    world.skip(kHalfYear);
    world.run(minutes{10});
    EXPECT_EQ(generation(b), 1U);
    ASSERT_EQ(a.subject->issuer()->ledger().holder("b")->certificate.generation, 2U);
    a.loses = nullptr;
    world.run(hours{2});
    EXPECT_EQ(generation(b), 2U);
    EXPECT_EQ(a.subject->issuer()->ledger().holder("b")->certificate.generation, 2U);
    EXPECT_EQ(a.subject->issuer()->ledger().holder("b")->certificate, b.subject->certificate());
}

TEST_F(Renewals, of_a_revoked_node_are_refused_and_told) {
    Output out;
    ASSERT_TRUE(a.subject->revoke("b", world.clock(), out));
    world.skip(kHalfYear);  // the word is lost, and b asks all the same
    world.run(minutes{15});
    EXPECT_EQ(generation(b), 1U);
    EXPECT_EQ(b.told("renewal_failed"), 1U);
}

TEST_F(Renewals, a_crash_after_any_write_leaves_the_old_or_the_new) {
    for (std::size_t write = 0; write < 8; ++write) {
        for (Machine* const machine : {&a, &b}) {
            const std::uint32_t before = generation(*machine);
            world.skip(kHalfYear);
            machine->storage.writes_max = machine->storage.writes + write;
            world.run(minutes{10});
            const std::uint32_t then = generation(*machine);
            machine->storage.writes_max = ~std::size_t{0};
            world.boot(*machine);
            ASSERT_TRUE(machine->started) << machine->started.error().message();
            ASSERT_TRUE(generation(*machine) == before || generation(*machine) == then);
            world.run(minutes{10});
            ASSERT_GT(generation(*machine), before);
            world.run(seconds{30});
            ASSERT_EQ(peers(a), 1U) << write;
            ASSERT_EQ(peers(b), 1U) << write;
        }
        world.run(minutes{90});
    }
}

}  // namespace
}  // namespace weft::mesh::whole
