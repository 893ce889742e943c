// SPDX-License-Identifier: Apache-2.0
// Certificates by hand: a machine that reaches no issuer becomes a member by words that its
// operator carries, gets its next certificate so, or takes the place of one whose keys are lost.
#include "participant_world.hpp"

namespace weft::mesh::whole {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

struct Certify : testing::Test {
    Certify() : a(world.add("192.0.2.1")), b(world.add("192.0.2.2")), c(world.add("192.0.2.3")) {
        EXPECT_TRUE(world.init(a, "a"));
        EXPECT_TRUE(world.join(b, a, "b"));
        world.run(seconds{5});
    }
    Result<std::string> sign(Machine& issuer, const Participant::Signing& signing) {
        Output out;
        auto word = issuer.subject->sign_certificate(signing, world.clock(), out);
        world.carry(issuer, out);
        return word;
    }
    Result<> install(Machine& machine, const std::string& word) {
        Output out;
        const Result<> done =
            machine.subject->install_certificate(word, machine.in_use, world.clock(), out);
        world.carry(machine, out);
        return done;
    }
    std::string request(Machine& machine, const std::string& name) {
        return machine.subject->certificate_request(name).value();
    }
    World world;
    Machine& a;
    Machine& b;
    Machine& c;
};

TEST_F(Certify, a_machine_that_reaches_no_issuer_becomes_a_member) {
    const auto unreachable = [&](const net::Endpoint& to, ConstBytes) { return to == a.endpoint; };
    c.loses = unreachable;
    const std::string asked = request(c, "c");
    EXPECT_EQ(request(c, "c"), asked);
    const auto word =
        sign(a, {.request = asked, .routed = {*net::Prefix::parse("192.168.7.0/24")}});
    ASSERT_TRUE(word) << word.error().message();
    EXPECT_EQ(a.told("certificate_granted"), 2U);
    const Result<> installed = install(c, *word);
    ASSERT_TRUE(installed) << installed.error().message();
    EXPECT_EQ(c.subject->certificate().name, "c");
    EXPECT_EQ(c.subject->certificate().routed.size(), 1U);
    world.run(seconds{30});
    for (const Machine* const machine : {&a, &b, &c}) {
        EXPECT_EQ(peers(*machine), 2U);
    }
    world.boot(c);
    ASSERT_TRUE(c.started);
    EXPECT_EQ(c.subject->certificate().name, "c");
    EXPECT_TRUE(install(c, *word));  // again: nothing to do
}

TEST_F(Certify, a_member_gets_its_next_certificate_by_hand_from_half_of_its_life_on) {
    EXPECT_EQ(*sign(a, {request(b, "any")}), *sign(a, {request(b, "any")}));
    b.loses = [&](const net::Endpoint&, ConstBytes) { return true; };
    world.skip(hours{24 * 200});
    world.run(seconds{1});
    EXPECT_TRUE(b.subject->is_renewing());
    const auto word = sign(a, {request(b, "any")});
    ASSERT_TRUE(word) << word.error().message();
    EXPECT_TRUE(install(b, *word));
    EXPECT_FALSE(b.subject->is_renewing());
    EXPECT_EQ(b.subject->certificate().generation, 2U);
    EXPECT_EQ(b.told("certificate_renewed"), 1U);
}

TEST_F(Certify, who_adopts_a_place_has_it_at_once_and_the_old_one_is_out) {
    const std::vector<net::Prefix> blocks = b.subject->certificate().blocks;
    const std::string asked = request(c, "c");
    const auto word = sign(a, {.request = asked, .replace = "b"});
    ASSERT_TRUE(word) << word.error().message();
    EXPECT_TRUE(sign(a, {.request = asked, .replace = "b"}));  // again the same
    EXPECT_EQ(a.subject->issuer()->ledger().revocations().size(), 1U);
    ASSERT_TRUE(install(c, *word));
    EXPECT_EQ(c.subject->certificate().name, "b");
    EXPECT_EQ(c.subject->certificate().blocks, blocks);
    world.run(seconds{30});
    EXPECT_EQ(peers(a), 1U);
    EXPECT_EQ(peers(c), 1U);
}

TEST_F(Certify, what_cannot_be_is_told) {
    const auto cause = [](const auto& result) { return result ? "" : result.error().cause; };
    const std::string asked = request(c, "c");
    EXPECT_NE(cause(sign(b, {asked})).find("issues no certificates"), std::string::npos);
    EXPECT_NE(cause(sign(a, {request(c, "b")})).find("is taken"), std::string::npos);
    EXPECT_NE(cause(sign(a, {.request = asked, .replace = "z"})).find("no node"),
              std::string::npos);
    EXPECT_NE(cause(sign(a, {.request = asked, .replace = "a"})).find("this very node"),
              std::string::npos);
    EXPECT_TRUE(sign(a, {.request = request(b, "b"), .replace = "b"}));  // its own already
    EXPECT_NE(cause(c.subject->certificate_request("No")).find("name"), std::string::npos);

    const std::string word = sign(a, {asked}).value();
    Machine& d = world.add("192.0.2.4");
    EXPECT_NE(cause(install(d, word)).find("not for this machine"), std::string::npos);
    d.in_use = {{*net::Prefix::parse("10.16.0.0/12"), "route on eth0"}};
    EXPECT_FALSE(install(d, sign(a, {request(d, "d")}).value()));
    d.in_use.clear();
    EXPECT_TRUE(world.init(d, "d"));
    EXPECT_NE(cause(install(d, word)).find("already"), std::string::npos);
}

TEST_F(Certify, the_name_of_who_left_is_free_at_once_at_another_issuer) {
    Output out;
    ASSERT_TRUE(a.subject->sign_issuer(b.subject->issuer_request().value(), world.clock(), out));
    world.carry(a, out);
    world.run(seconds{8});
    ASSERT_TRUE(world.join(c, a, "c"));
    world.run(seconds{5});
    a.loses = [](const net::Endpoint&, ConstBytes) { return true; };  // so it revokes nothing
    ASSERT_TRUE(c.subject->leave(world.clock(), out));
    world.carry(c, out);
    world.run(seconds{1});
    ASSERT_TRUE(c.subject->forget());
    const Result<> joined = world.join(c, b, "c");
    EXPECT_TRUE(joined) << joined.error().message();
}

}  // namespace
}  // namespace weft::mesh::whole
