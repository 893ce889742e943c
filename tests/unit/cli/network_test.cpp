// SPDX-License-Identifier: Apache-2.0
// weft init, join, leave, token, node, wait and ipam: what the daemon is asked, what is printed,
// exit codes; and that a token is never printed back.
#include <stdlib.h>

#include <gtest/gtest.h>

#include <weft/api/network.hpp>
#include <weft/api/status.hpp>

#include "command_line.hpp"
#include "temp_directory.hpp"

namespace weft::cli {
namespace {

using test::against;
using test::body_of;
using test::FakeDaemon;
using test::http;
using test::kNow;
using test::ok;
using test::Outcome;
using test::refusal;
using test::request_line;
using test::weft;

const std::string kToken = "weft1_AbC-012_xyz";

std::string network(bool already = false) {
    return ok(api::to_json(api::NetworkReply{"0123456789abcdef0123456789abcdef",
                                             "b",
                                             "00112233445566778899aabbccddeeff",
                                             {"10.44.1.0/24", "fd44:0:0:1::/64"},
                                             {"10.44.0.0/16"},
                                             already}));
}

api::MemberStatus member(const std::string& name, const std::string& state) {
    api::MemberStatus member;
    member.name = name;
    member.id = "00112233445566778899aabbccddee0" + name;
    member.state = state;
    member.blocks = {"10.44.0.0/24", "fd44::/64"};
    member.endpoints = {"203.0.113.1:51840", "10.0.0.1:51840"};
    member.software = "weft 0.1.0";
    member.public_key = "key";
    member.generation = 2;
    member.not_after_ms = kNow + 86'400'000;
    return member;
}

api::Members three() {
    api::MemberStatus a = member("a", "alive");
    a.self = true;
    a.issuer = true;
    api::MemberStatus b = member("b", "suspect");
    b.endpoint = "203.0.113.2:51840";
    api::MemberStatus c = member("c", "dead");
    c.ephemeral = true;
    c.blocks.clear();
    c.endpoints.clear();
    return {"0123456789abcdef0123456789abcdef", {"10.44.0.0/16"}, {a, b, c}};
}

std::string members(const api::Members& members) {
    return ok(api::to_json(members));
}

TEST(WeftInit, asks_with_what_was_given) {
    FakeDaemon daemon{network()};
    const Outcome outcome = against(daemon,
                                    {"init",
                                     "--name",
                                     "b",
                                     "--pool4",
                                     "10.44.0.0/16",
                                     "--pool6",
                                     "fd44::/48",
                                     "--block4",
                                     "25",
                                     "--block6",
                                     "60"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out,
              "network 0123456789abcdef0123456789abcdef: this node is b with 10.44.1.0/24, "
              "fd44:0:0:1::/64\n");
    EXPECT_EQ(outcome.err, "the next node: weft token create here, weft join TOKEN there\n");
    ASSERT_EQ(daemon.requests().size(), 1U);
    EXPECT_EQ(request_line(daemon.requests()[0]), "POST /v1/init");
    EXPECT_EQ(body_of(daemon.requests()[0]),
              api::to_json(api::InitRequest{"b", "10.44.0.0/16", "fd44::/48", 25, 60}));
}

TEST(WeftInit, has_defaults_and_prints_json) {
    FakeDaemon daemon{network()};
    const Outcome outcome = against(daemon, {"init", "--json"});
    EXPECT_EQ(outcome.out + outcome.err, body_of(network()) + "\n");
    EXPECT_EQ(body_of(daemon.requests()[0]), api::to_json(api::InitRequest{}));
}

TEST(WeftInit, says_that_there_was_nothing_to_do) {
    EXPECT_NE(against(network(true), {"init"}).out.find("nothing to do, this node is already b "),
              std::string::npos);
    EXPECT_EQ(against(refusal(), {"init"}).exit_code, 1);
    EXPECT_EQ(against(refusal(), {"init"}).err, "weft: cause (remedy)\n");
}

class WeftJoin : public testing::Test {
  protected:
    WeftJoin() { ::unsetenv("WEFT_TOKEN"); }
    WeftJoin(const WeftJoin&) = delete;
    WeftJoin& operator=(const WeftJoin&) = delete;
    ~WeftJoin() override { ::unsetenv("WEFT_TOKEN"); }

    /// A join that must have asked with kToken.
    static void expect_asked(const std::vector<std::string>& arguments,
                             const std::string& input = {}) {
        FakeDaemon daemon{network()};
        const Outcome outcome = against(daemon, arguments, input);
        EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
        EXPECT_EQ((outcome.out + outcome.err).find(kToken), std::string::npos);
        ASSERT_EQ(daemon.requests().size(), 1U);
        EXPECT_EQ(request_line(daemon.requests()[0]), "POST /v1/join");
        EXPECT_EQ(body_of(daemon.requests()[0]), api::to_json(api::JoinRequest{kToken, "b"}));
    }

    test::TempDirectory directory_;
};

TEST_F(WeftJoin, takes_the_token_from_wherever_it_is) {
    expect_asked({"join", kToken, "--name", "b"});
    expect_asked({"join", "-", "--name", "b"}, " " + kToken + "\r\nmore\n");
    expect_asked({"join", "-", "--name", "b"}, kToken);
    expect_asked({"join", "--token-file", directory_.write("t", kToken + "\n"), "--name", "b"});
    ::setenv("WEFT_TOKEN", kToken.c_str(), 1);
    expect_asked({"join", "--name", "b"});
    ::setenv("WEFT_TOKEN", "weft1_other", 1);
    expect_asked({"join", kToken, "--name", "b"});  // the command line wins
}

TEST_F(WeftJoin, wants_one_token) {
    const std::string file = directory_.write("t", kToken);
    Outcome outcome = weft({"join", kToken, "--token-file", file});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_TRUE(outcome.err.starts_with("weft: two tokens")) << outcome.err;
    outcome = weft({"join"});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_TRUE(outcome.err.starts_with("weft: no token: neither ")) << outcome.err;
    ::setenv("WEFT_TOKEN", "", 1);
    EXPECT_EQ(weft({"join"}).exit_code, 2);
}

TEST_F(WeftJoin, refuses_what_is_no_token_without_showing_it) {
    for (const std::string& text : {std::string{"secret"},
                                    std::string{"weft1_secret word"},
                                    "weft1_secret" + std::string(600, 'x'),
                                    "weft1_secret" + std::string(10'000, 'x'),
                                    std::string{"weft1_secret\x1b"}}) {
        const std::string file = directory_.write("t", text);
        for (const Outcome& outcome : {weft({"join", text}),
                                       weft({"join", "-"}, text),
                                       weft({"join", "--token-file", file})}) {
            EXPECT_EQ(outcome.exit_code, 1);
            EXPECT_EQ(outcome.out, "");
            EXPECT_EQ(outcome.err.find("secret"), std::string::npos) << outcome.err;
        }
    }
    EXPECT_TRUE(weft({"join", "-"}, "\n").err.starts_with("weft: no token in standard input"));
    EXPECT_EQ(weft({"join", ""}).exit_code, 1);
    EXPECT_EQ(weft({"join", "--token-file", "/nonexistent"}).exit_code, 1);
}

TEST_F(WeftJoin, a_token_in_the_wrong_place_is_not_shown_either) {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{kToken},
                                                      {"join", kToken, kToken},
                                                      {"join", kToken, "--nam", "x"},
                                                      {"token", kToken},
                                                      {"status", kToken},
                                                      {"wait", "--nodes", kToken},
                                                      {"token", "create", "--lifetime", kToken},
                                                      {"token", "revoke", kToken},
                                                      {"join", "--json=" + kToken}}) {
        const Outcome outcome = weft(arguments);
        EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
        EXPECT_EQ((outcome.out + outcome.err).find("AbC-012_xyz"), std::string::npos)
            << outcome.err;
    }
}

TEST_F(WeftJoin, passes_on_why_it_failed) {
    EXPECT_EQ(against(refusal(), {"join", kToken}).err, "weft: cause (remedy)\n");
    EXPECT_EQ(weft({"join", kToken, "--socket", "/nonexistent/weftd.sock"}).exit_code, 3);
    const std::string late = http("504 Gateway Timeout", api::error_to_json("x", invalid("c")));
    EXPECT_EQ(against(late, {"join", kToken}).exit_code, 5);
}

TEST(WeftLeave, does_nothing_without_yes) {
    FakeDaemon daemon{ok("{}")};
    Outcome outcome = against(daemon, {"leave"});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_TRUE(outcome.err.ends_with("(to do so: weft leave --yes)\n")) << outcome.err;
    EXPECT_TRUE(daemon.requests().empty());
    outcome = against(daemon, {"leave", "--yes"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out, "this node has left its network\n");
    ASSERT_EQ(daemon.requests().size(), 1U);
    EXPECT_EQ(request_line(daemon.requests()[0]), "POST /v1/leave");
    EXPECT_EQ(body_of(daemon.requests()[0]), "{}");
}

TEST(WeftToken, a_new_one_is_alone_on_stdout) {
    const api::TokenReply reply{"0011223344556677", kToken, kNow + 3'600'000};
    FakeDaemon daemon{ok(api::to_json(reply))};
    Outcome outcome = against(daemon, {"token", "create"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out, kToken + "\n");
    EXPECT_EQ(outcome.err,
              "token 0011223344556677: for 1 node, expires in 60 min; on the new machine: weft "
              "join TOKEN\n");
    EXPECT_EQ(request_line(daemon.requests().at(0)), "POST /v1/tokens");
    EXPECT_EQ(body_of(daemon.requests()[0]), api::to_json(api::TokenRequest{}));
    outcome = against(daemon,
                      {"token",
                       "create",
                       "--name",
                       "b",
                       "--from",
                       "10.0.0.0/8",
                       "--replace",
                       "c",
                       "--uses",
                       "2",
                       "--lifetime",
                       "7d",
                       "--ephemeral",
                       "--json"});
    EXPECT_EQ(outcome.out + outcome.err, api::to_json(reply) + "\n");
    EXPECT_EQ(body_of(daemon.requests().at(1)),
              api::to_json(api::TokenRequest{"b", "10.0.0.0/8", "c", 2, 604'800, true}));
}

TEST(WeftToken, list_tells_who_used_them) {
    api::TokenStatus open;
    open.id = "0011223344556677";
    open.state = "open";
    open.uses = 20;
    open.used = {{"00", "b\x1b[2J", "203.0.113.2", kNow}, {"01", "c", "203.0.113.3", kNow}};
    open.expires_ms = kNow + 1'800'000;
    api::TokenStatus expired;
    expired.id = "8899aabbccddeeff";
    expired.state = "expired";
    expired.name = "d";
    expired.from = "10.0.0.0/8";
    expired.replaces = "00112233445566778899aabbccddeeff";
    expired.ephemeral = true;
    expired.expires_ms = kNow - 7'200'000;
    const std::string body = api::to_json(std::vector{open, expired});
    const Outcome outcome = against(ok(body), {"token", "list"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out,
              "ID                STATE    NAME  FROM        USED  EXPIRES    BY"
              "                      NOTE\n"
              "0011223344556677  open     –     –           2/20  in 30 min  b?[2J "
              "(203.0.113.2) +1\n"
              "8899aabbccddeeff  expired  d     10.0.0.0/8  0/1   2 h ago    –"
              "                       ephemeral, replaces 00112233\n");
    EXPECT_EQ(against(ok(body), {"token", "list", "--json"}).out, body + "\n");
}

TEST(WeftToken, revoke_names_it) {
    FakeDaemon daemon{ok("{}")};
    const Outcome outcome = against(daemon, {"token", "revoke", "0011223344556677"});
    EXPECT_EQ(outcome.out, "token 0011223344556677 is withdrawn\n");
    EXPECT_EQ(request_line(daemon.requests().at(0)), "DELETE /v1/tokens/0011223344556677");
}

TEST(WeftNode, list_is_a_table) {
    const Outcome outcome = against(members(three()), {"node", "list"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(outcome.out,
              "NAME  STATE    BLOCK            ENDPOINT              ID        NOTE\n"
              "a     alive    10.44.0.0/24 +1  203.0.113.1:51840 +1  00112233  self, issuer\n"
              "b     suspect  10.44.0.0/24 +1  203.0.113.2:51840     00112233\n"
              "c     dead     –                –                     00112233  ephemeral\n");
    EXPECT_EQ(against(members(three()), {"node", "list", "--json"}).out,
              api::to_json(three()) + "\n");
}

TEST(WeftNode, list_says_that_there_is_no_network) {
    const Outcome outcome = against(members(api::Members{}), {"node", "list"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.err, "this node is in no network (weft init, or weft join TOKEN)\n");
}

TEST(WeftNode, show_tells_all_of_one) {
    const Outcome outcome = against(members(three()), {"node", "show", "b"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out,
              "name         b\n"
              "id           00112233445566778899aabbccddee0b\n"
              "state        suspect\n"
              "blocks       10.44.0.0/24, fd44::/64\n"
              "routed       –\n"
              "endpoints    203.0.113.1:51840, 10.0.0.1:51840\n"
              "heard at     203.0.113.2:51840\n"
              "software     weft 0.1.0\n"
              "public key   key\n"
              "generation   2\n"
              "certificate  ends in 24 h\n");
    const std::string id = "00112233445566778899aabbccddee0c";
    api::Members only = three();
    only.members = {only.members[2]};
    EXPECT_EQ(against(members(three()), {"node", "show", id, "--json"}).out,
              api::to_json(only) + "\n");
    const Outcome none = against(members(three()), {"node", "show", "x\n"});
    EXPECT_EQ(none.exit_code, 1);
    EXPECT_EQ(none.err, "weft: no node named 'x?' (weft node list)\n");
}

TEST(WeftNode, rm_asks_for_nothing_but_names) {
    FakeDaemon daemon{ok("{}")};
    EXPECT_EQ(against(daemon, {"node", "rm", "b"}).out, "node b is removed\n");
    for (const char* name : {"", ".", "..", "../tokens/1", "b c", "b\r\nX: y", "b%2f", "b?x"}) {
        EXPECT_EQ(against(daemon, {"node", "rm", name}).exit_code, 2) << name;
    }
    ASSERT_EQ(daemon.requests().size(), 1U);
    EXPECT_EQ(request_line(daemon.requests()[0]), "DELETE /v1/nodes/b");
}

TEST(WeftWait, ends_once_enough_are_alive) {
    api::Members later = three();
    later.members[1].state = "alive";
    FakeDaemon daemon{{members(three()), refusal(), members(later)}};
    const Outcome outcome = against(daemon, {"wait", "--nodes", "2", "--timeout", "1m"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "2 nodes alive\n");
    EXPECT_EQ(daemon.requests().size(), 3U);
}

TEST(WeftWait, says_who_is_missing) {
    const Outcome outcome = against(members(three()), {"wait", "--nodes", "5", "--timeout", "0s"});
    EXPECT_EQ(outcome.exit_code, 5);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err,
              "weft: 1 of 5 nodes alive after 0 s: b is suspect, c is dead, 2 have not joined "
              "(weft node list)\n");
    api::Members left = three();
    left.members[1].state = "left";
    left.members[2].state = "alive";
    EXPECT_NE(against(members(left), {"wait", "--nodes", "3", "--timeout", "0"})
                  .err.find("2 of 3 nodes alive after 0 s: 1 has not joined ("),
              std::string::npos);
}

TEST(WeftWait, names_no_more_than_a_line_holds) {
    api::Members many;
    for (int i = 0; i < 20; ++i) {
        many.members.push_back(member(std::to_string(i), "dead"));
    }
    const Outcome outcome = against(members(many), {"wait", "--nodes", "20", "--timeout", "0"});
    EXPECT_NE(outcome.err.find("7 is dead, 12 more are not alive ("), std::string::npos)
        << outcome.err;
}

TEST(WeftWait, exits_3_where_the_daemon_never_ran_and_6_where_it_may_not_ask) {
    const Outcome outcome =
        weft({"wait", "--nodes", "1", "--timeout", "0", "--socket", "/nonexistent/weftd.sock"});
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_TRUE(outcome.err.starts_with("weft: weftd is not running")) << outcome.err;
    const std::string forbidden = http("403 Forbidden", api::error_to_json("x", invalid("no")));
    EXPECT_EQ(against(forbidden, {"wait", "--nodes", "1"}).exit_code, 6);
    EXPECT_EQ(against(ok("{}"), {"wait", "--nodes", "1"}).exit_code, 1);
    const Outcome starting = against(refusal(), {"wait", "--nodes", "1", "--timeout", "0"});
    EXPECT_EQ(starting.exit_code, 5);
    EXPECT_EQ(starting.err, "weft: cause (remedy)\n");
}

TEST(WeftIpam, shows_owners_and_stocks) {
    const api::Ipam ipam{{"10.44.0.0/16"},
                         {{"10.44.0.0/24", "a", "00112233445566778899aabbccddeeff"}},
                         {{"ipv4", {"10.44.0.0/17"}, 24, 128, 3, 1}}};
    const Outcome outcome =
        against(ok(api::to_json(ipam)), {"ipam", "show", "--state-dir", "/none"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out,
              "pools: 10.44.0.0/16\n"
              "ipv4: 128 blocks of /24 in 10.44.0.0/17: 3 owned, 1 resting, 124 free\n"
              "BLOCK         NODE  ID\n"
              "10.44.0.0/24  a     00112233\n");
    std::string with_none = api::to_json(ipam);
    with_none.insert(with_none.size() - 1, R"(,"containers":[])");
    EXPECT_EQ(
        against(ok(api::to_json(ipam)), {"ipam", "show", "--json", "--state-dir", "/none"}).out,
        with_none + "\n");
}

TEST(WeftNetwork, wrong_usage_exits_2) {
    const std::vector<std::vector<std::string>> wrong{{"token"},
                                                      {"node"},
                                                      {"ipam"},
                                                      {"node", "show"},
                                                      {"node", "rm"},
                                                      {"token", "revoke"},
                                                      {"wait"},
                                                      {"wait", "--nodes", "0"},
                                                      {"wait", "--nodes", "1", "--timeout", "2d"},
                                                      {"wait", "--nodes", "1", "--timeout", "-1s"},
                                                      {"init", "--block4", "0"},
                                                      {"init", "--block4", "33"},
                                                      {"init", "--block6", "65"},
                                                      {"token", "create", "--uses", "0"},
                                                      {"token", "create", "--uses", "4097"},
                                                      {"token", "create", "--lifetime", "0"},
                                                      {"token", "create", "--lifetime", "366d"},
                                                      {"token", "create", "--lifetime", "soon"}};
    for (const auto& arguments : wrong) {
        const Outcome outcome = weft(arguments);
        EXPECT_EQ(outcome.exit_code, 2) << arguments.back();
        EXPECT_EQ(outcome.out, "");
        EXPECT_TRUE(outcome.err.ends_with(" (weft --help)\n")) << outcome.err;
    }
}

TEST(WeftNetwork, an_answer_that_cannot_be_read_is_told) {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"init"},
                                                      {"join", kToken},
                                                      {"token", "create"},
                                                      {"token", "list"},
                                                      {"node", "list"},
                                                      {"node", "show", "b"},
                                                      {"ipam", "show"}}) {
        const Outcome outcome = against(ok("{}"), arguments);
        EXPECT_EQ(outcome.exit_code, 1);
        EXPECT_EQ(outcome.err, "weft: the JSON field 'api' is missing\n");
    }
}

}  // namespace
}  // namespace weft::cli
