// SPDX-License-Identifier: Apache-2.0
// A machine that joins: asking, being granted and refused by a real issuer, and what strangers can
// make of it.
#include "joiner_world.hpp"
#include "seed.hpp"

namespace weft::mesh::joining {
namespace {

// ---- Granted ------------------------------------------------------------------------------------

TEST_F(Joining, is_granted_after_a_cookie) {
    start(hub.token());
    EXPECT_FALSE(joiner->outcome());
    EXPECT_EQ(joiner->next_timer(), hub.now);
    run();
    ASSERT_TRUE(granted()) << error().message();
    EXPECT_EQ(hub.now, kStart);
    EXPECT_EQ(hub.joins, 1U);
    ASSERT_EQ(sent.size(), 2U);
    const Buffer zeros(gossip::kCookieSize);
    EXPECT_TRUE(std::equal(zeros.begin(), zeros.end(), sent[0].bytes.begin() + 2));
    EXPECT_FALSE(std::equal(zeros.begin(), zeros.end(), sent[1].bytes.begin() + 2));
    EXPECT_EQ(grant().certificate.name, "web");
    EXPECT_EQ(grant().certificate.identity_key, signing_key(100).verify_key());
    EXPECT_EQ(grant().issuer, hub.certificate());
    EXPECT_EQ(grant().reply.pools.size(), 2U);
    EXPECT_TRUE(hub.trust.admit(grant().reply.certificate, hub.wall()));

    // It is over: nothing is sent any more, and nothing changes.
    EXPECT_EQ(joiner->next_timer(), Time::max());
    std::vector<Datagram> out;
    joiner->on_timer(hub.now + seconds{100}, out);
    EXPECT_TRUE(out.empty() && hear(kHub, sent[0].bytes).empty() && granted());
    EXPECT_EQ(joiner->ignored().late, 1U);
}

TEST_F(Joining, the_same_again_is_the_same_certificate) {
    const identity::Token token = hub.token();
    const std::string text = to_text(token);
    join(identity::parse_token(text).value());
    const Buffer first = grant().reply.certificate;
    join(identity::parse_token(text).value());
    ASSERT_TRUE(granted()) << error().message();
    EXPECT_EQ(grant().reply.certificate, first);
}

TEST_F(Joining, a_wrong_clock_does_not_matter) {
    for (const UnixSeconds own :
         {UnixSeconds{0}, kBirth - 301, kBirth + 301, kBirth + 9'999 * kDay}) {
        wall = identity::TimeView{own, false};
        join(hub.token(), "m" + std::to_string(own % 1'000), own);
        EXPECT_TRUE(granted()) << own << error().message();
    }
    wall = identity::TimeView{kBirth - 3'000 * kDay, true};  // so it believes
    join(hub.token(), "believer", 900);
    EXPECT_TRUE(granted()) << error().message();
}

TEST_F(Joining, waits_for_an_issuer_that_was_restarted) {
    identity::Token token = hub.token();
    hub.restart(false);
    start(std::move(token));
    run(seconds{45});  // longer than anyone waits for silence
    ASSERT_FALSE(joiner->outcome());
    EXPECT_GE(hub.joins, 22U);
    EXPECT_LE(hub.joins, 24U);
    ASSERT_TRUE(hub.commit(hub.issuer->merge_known({}, hub.wall())));
    run();
    ASSERT_TRUE(granted()) << error().message();
    EXPECT_LE(hub.now, kStart + seconds{48});
}

TEST_F(Joining, waits_no_longer_than_a_minute) {
    identity::Token token = hub.token();
    hub.restart(false);
    join(std::move(token));
    expect_error(std::errc::resource_unavailable_try_again,
                 "still asking the members what it granted before in 60 s",
                 "try again in a minute");
    EXPECT_EQ(hub.now, kStart + IssuerCall::kWaitDeadline);
}

TEST_F(Joining, a_repeated_wait_puts_nothing_off) {
    identity::Token token = hub.token();
    hub.restart(false);
    start(std::move(token));
    std::vector<Buffer> answers;
    hub.answer_by([&](const identity::JoinRequest&) {
        identity::JoinReply reply;
        reply.status = Status::kWait;
        return reply;
    });
    Buffer wait;
    const auto make = hub.answer;
    hub.answer = [&](ConstBytes sealed) { return wait = make(sealed); };
    run(seconds{1});
    ASSERT_FALSE(wait.empty());
    const Time next = joiner->next_timer();
    EXPECT_EQ(next, kStart + IssuerCall::kWaitPause);
    Buffer replayed{sent[0].bytes.begin() + kRequestAt, sent[0].bytes.begin() + kRequestAt + 16};
    replayed.insert(replayed.begin(), {std::byte{0x14}, std::byte{1}});
    replayed.insert(replayed.end(), wait.begin(), wait.end());
    EXPECT_TRUE(hear(kHub, replayed).empty());
    EXPECT_EQ(joiner->next_timer(), next);
    EXPECT_EQ(joiner->ignored().surplus, 1U);
}

// ---- Asking -------------------------------------------------------------------------------------

TEST_F(Joining, asks_again_with_the_same_request_less_and_less) {
    start(hub.token({.endpoints = {kDead}}));
    run();
    ASSERT_GT(sent.size(), 8U);
    for (std::size_t i = 1; i < sent.size(); ++i) {
        EXPECT_EQ(sent[i].bytes, sent[0].bytes);
        EXPECT_GE(sent[i].at - sent[i - 1].at, IssuerCall::kRoundFirst);
        EXPECT_LE(sent[i].at - sent[i - 1].at, IssuerCall::kRoundMax);
    }
    EXPECT_EQ(sent[0].bytes.size(), gossip::kDatagramSizeMax);
    EXPECT_EQ(sent[1].at - sent[0].at, IssuerCall::kRoundFirst);
    EXPECT_EQ(sent.back().at - sent[sent.size() - 2].at, IssuerCall::kRoundMax);
}

TEST_F(Joining, the_request_is_the_same_with_and_without_a_cookie) {
    hub.silent = true;
    join(hub.token());
    ASSERT_GT(sent.size(), 8U);
    for (const Sent& one : sent) {
        EXPECT_TRUE(std::equal(
            one.bytes.begin() + kRequestAt, one.bytes.end(), sent[0].bytes.begin() + kRequestAt));
    }
    EXPECT_EQ(sent[2].bytes, sent[1].bytes);  // the cookie is kept
    expect_error(std::errc::timed_out,
                 "weftd runs at 198.51.100.1:51840, but did not answer",
                 "does the token's issuer run there?");
}

TEST_F(Joining, the_first_endpoint_may_be_dead) {
    join(hub.token({.endpoints = {kDead, kHub, kDead}}));
    ASSERT_TRUE(granted()) << error().message();
    EXPECT_EQ(hub.now, kStart + milliseconds{500});
    ASSERT_EQ(sent.size(), 3U);
    EXPECT_EQ(sent[0].to, kDead);
}

TEST_F(Joining, each_endpoint_has_its_turn_once_a_second) {
    start(hub.token({.endpoints = {kDead, kElsewhere}}));
    run(seconds{3});
    ASSERT_EQ(sent.size(), 7U);
    for (std::size_t i = 0; i < sent.size(); ++i) {
        EXPECT_EQ(sent[i].at, kStart + i * milliseconds{500});
        EXPECT_EQ(sent[i].to, i % 2 == 0 ? kDead : kElsewhere);
    }
}

TEST_F(Joining, gives_up_and_names_who_was_asked) {
    join(hub.token({.endpoints = {kDead, kElsewhere}}));
    expect_error(std::errc::timed_out,
                 "no answer in 30 s from [2001:db8::1]:51840, 203.0.113.9:51840",
                 "does its firewall let that UDP port through?");
    EXPECT_EQ(hub.now, kStart + IssuerCall::kDeadline);
}

// ---- Refused ------------------------------------------------------------------------------------

TEST_F(Joining, what_a_real_issuer_refuses) {
    const std::string used = to_text(hub.token());
    join(identity::parse_token(used).value(), "first", 200);
    ASSERT_TRUE(granted());
    join(identity::parse_token(used).value(), "second", 300);
    expect_error(std::errc::permission_denied,
                 "the token was used already, by first",
                 "`weft token create` on the node at 198.51.100.1:51840 makes another");
    join(hub.token(), "first", 400);
    expect_error(std::errc::permission_denied,
                 "the name first is taken",
                 "`weft join --name first-2` with the same token");
    join(hub.token({.from = prefix("10.9.0.0/16")}));
    expect_error(std::errc::permission_denied, "not for the address", "token create --from PREFIX");
    identity::Token unknown = hub.token();
    unknown.one_time_key = signing_key(77);
    join(std::move(unknown));
    expect_error(std::errc::permission_denied, "does not know this token", "makes another");
    identity::Token expired = hub.token();
    hub.later = 2 * kDay;
    wall = identity::TimeView{0, false};
    join(std::move(expired));
    expect_error(std::errc::permission_denied, "expired or was withdrawn", "makes another");
    hub.revoke("first");
    join(hub.token(), "first", 200);
    expect_error(std::errc::permission_denied, "identity was revoked", "`weft leave`");
}

TEST_F(Joining, every_refusal_has_one_line_and_a_remedy) {
    struct Row {
        Status status;
        const char* detail;
        const char* cause;
        const char* remedy;
    };
    const Row rows[] = {
        {Status::kUnknownToken, "", "does not know this token", "makes another"},
        {Status::kExpiredToken, "", "expired or was withdrawn", "makes another"},
        {Status::kUsedToken, "db", "used already, by db", "a copy of db's disk"},
        {Status::kUsedToken, "", "used already, by another machine", "makes another"},
        {Status::kNameTaken, "web-7", "the name web is taken", "--name web-7`"},
        {Status::kNameTaken, "", "the name web is taken", "--name NAME`"},
        {Status::kPoolFull, "", "no block of addresses left", "token create --replace NAME`"},
        {Status::kNotFromHere, "", "not for the address", "--from PREFIX`"},
        {Status::kRevoked, "", "revoked", "`weft leave` here"},
        {Status::kClockOff, "", "clock is 2 d behind the issuer's", "`timedatectl set-ntp true`"}};
    for (const Row& row : rows) {
        hub.answer_by([&](const identity::JoinRequest&) {
            identity::JoinReply reply;
            reply.status = row.status;
            reply.detail = row.detail;
            reply.time = kBirth + 2 * kDay;
            return reply;
        });
        join(hub.token());
        expect_error(std::errc::permission_denied, row.cause, row.remedy);
    }
}

TEST_F(Joining, what_cannot_be_used_fails_at_once) {
    const std::string expired = to_text(hub.token({.lifetime = 60}));
    wall = identity::TimeView{kBirth + 60 + 300, true};
    start(identity::parse_token(expired).value());
    expect_error(std::errc::permission_denied, "the token expired 5 min ago", "makes another");
    EXPECT_EQ(joiner->next_timer(), Time::max());
    wall->trusted = false;
    EXPECT_FALSE(start(identity::parse_token(expired).value()).outcome());
    run();
    EXPECT_TRUE(granted());
    wall.reset();

    start(hub.token(), "Not a name");
    expect_error(std::errc::invalid_argument, "no node can be named Not a name", "--name NAME");
    identity::Token nowhere = hub.token();
    nowhere.endpoints.clear();
    start(std::move(nowhere));
    expect_error(std::errc::invalid_argument, "names no address", "weft token create");
    std::vector<Datagram> out;
    joiner->on_timer(hub.now, out);
    EXPECT_TRUE(out.empty());
}

// ---- Others' words ------------------------------------------------------------------------------

Buffer cookie_reply(ConstBytes request, std::byte fill) {
    Buffer reply{std::byte{0x12}, std::byte{1}};
    reply.insert(reply.end(), request.begin() + kRequestAt, request.begin() + kRequestAt + 16);
    reply.insert(reply.end(), gossip::kCookieSize, fill);
    return reply;
}

TEST_F(Joining, forged_cookies_are_bounded_and_do_no_harm) {
    start(hub.token());
    const Buffer request = ask();
    const Buffer forged = cookie_reply(request, std::byte{9});
    for (unsigned i = 0; i < 10; ++i) {
        EXPECT_EQ(hear(kHub, forged).size(), i < IssuerCall::kCookiesPerTurn ? 1U : 0U);
    }
    EXPECT_EQ(joiner->ignored().surplus, 10U - IssuerCall::kCookiesPerTurn);
    run();
    EXPECT_TRUE(granted());
}

TEST_F(Joining, who_was_not_asked_is_not_heard) {
    start(hub.token({.endpoints = {kHub, kDead}}));
    const Buffer request = ask();
    const Buffer cookie = hub.hear(kMachine, request).at(0).bytes;
    net::Endpoint other_port = kHub;
    other_port.port += 1;
    for (const net::Endpoint& from : {kElsewhere, kMachine, other_port, kDead}) {
        EXPECT_TRUE(hear(from, cookie).empty());  // kDead has not had its turn yet
    }
    EXPECT_EQ(joiner->ignored().from_elsewhere, 4U);
    const auto again = hear(kHub, cookie);
    ASSERT_EQ(again.size(), 1U);
    const Buffer reply = hub.hear(kMachine, again[0].bytes).at(0).bytes;
    EXPECT_TRUE(hear(kElsewhere, reply).empty() && hear(kDead, reply).empty());
    EXPECT_FALSE(joiner->outcome());
    hear(kHub, reply);
    EXPECT_TRUE(granted());
}

TEST_F(Joining, every_changed_byte_is_noticed) {
    start(hub.token());
    const Buffer cookie = hub.hear(kMachine, ask()).at(0).bytes;
    for (std::size_t i = 0; i < 18; ++i) {
        Buffer changed = cookie;
        changed[i] ^= std::byte{1};
        EXPECT_TRUE(hear(kHub, changed).empty()) << i;
    }
    const Buffer reply = hub.hear(kMachine, hear(kHub, cookie).at(0).bytes).at(0).bytes;
    for (std::size_t i = 0; i < reply.size(); ++i) {
        Buffer changed = reply;
        changed[i] ^= std::byte{1};
        EXPECT_TRUE(hear(kHub, changed).empty() && !joiner->outcome()) << i;
        EXPECT_TRUE(hear(kHub, ConstBytes{reply}.first(i)).empty() && !joiner->outcome()) << i;
    }
    const Joiner::Ignored& ignored = joiner->ignored();
    EXPECT_EQ(ignored.foreign, 2 * 16U);
    EXPECT_EQ(ignored.malformed, 2 * 2 + 18U);
    EXPECT_EQ(ignored.forged, 2 * (reply.size() - 18));
    hear(kHub, reply);
    EXPECT_TRUE(granted()) << error().message();
}

TEST_F(Joining, an_answer_to_another_attempt_is_nobodys) {
    const std::string text = to_text(hub.token());
    start(identity::parse_token(text).value());
    const Buffer again = hear(kHub, hub.hear(kMachine, ask()).at(0).bytes).at(0).bytes;
    Buffer reply = hub.hear(kMachine, again).at(0).bytes;
    start(identity::parse_token(text).value());
    const Buffer request = ask();
    hear(kHub, reply);
    EXPECT_EQ(joiner->ignored().foreign, 1U);
    std::copy_n(request.begin() + kRequestAt, 16, reply.begin() + 2);
    hear(kHub, reply);
    EXPECT_EQ(joiner->ignored().forged, 1U);
    EXPECT_FALSE(joiner->outcome());
}

TEST_F(Joining, garbage_changes_nothing) {
    SCOPED_TRACE(test::seed_text());
    SeededRandom chaos{test::seed()};
    start(hub.token());
    const Buffer request = ask();
    const Buffer cookie = hub.hear(kMachine, request).at(0).bytes;
    std::size_t answers = 0;
    for (int i = 0; i < test::rounds(20'000, 500'000); ++i) {
        Buffer bytes(chaos.below(std::size_t{1'300}));
        chaos.fill(bytes);
        if (bytes.size() > 18 && chaos.below(4U) != 0) {  // as far as the seal
            std::copy_n(cookie.begin(), 18, bytes.begin());
            bytes[0] = chaos.below(2U) == 0 ? std::byte{0x12} : std::byte{0x14};
        }
        answers += hear(chaos.below(8U) == 0 ? kElsewhere : kHub, bytes).size();
    }
    EXPECT_LE(answers, IssuerCall::kCookiesPerTurn);
    EXPECT_FALSE(joiner->outcome());
    run();
    EXPECT_TRUE(granted());
}

}  // namespace
}  // namespace weft::mesh::joining
