// SPDX-License-Identifier: Apache-2.0
// Whoever is not known: what they are answered, how much, and what it costs; and addresses that
// nobody has proven.
#include "strangers.hpp"

#include <gtest/gtest.h>

#include "gossip_world.hpp"

namespace weft::test {
namespace {

using gossip::Actions;
using gossip::Message;
using gossip::Strangers;

constexpr std::size_t kCookieReplySize = 34;
const net::Endpoint kElsewhere = endpoint("198.51.100.1:4444");

std::optional<gossip::Cookie> cookie_in(const Actions& actions) {
    if (actions.datagrams.size() != 1 || actions.datagrams[0].bytes[0] != std::byte{0x12}) {
        return std::nullopt;
    }
    const auto reply = Strangers::parse_cookie(actions.datagrams[0].bytes);
    return reply ? std::optional{reply->cookie} : std::nullopt;
}

/// A running node, and a certified machine that it has never heard of.
struct Strange : testing::Test {
    gossip::Cookie cookie() {
        return cookie_in(node.hear(stranger, stranger.seal(node, {gossip::Ping{1}}))).value();
    }
    Buffer introduction(const gossip::Cookie& with) {
        return stranger.introduce(node, with, statements.certificate, own_words);
    }

    World world;
    Machine& node = world.start(10);
    Machine& stranger = world.add(20);
    Statements statements{20};
    std::vector<Message> own_words{gossip::MemberItem{{}, statements.record}, gossip::Ping{9}};
};

// ---- Cookies ------------------------------------------------------------------------------------

TEST_F(Strange, is_answered_by_a_cookie_no_longer_than_the_cause_and_nothing_is_verified) {
    const auto before = node.cache.verified();
    for (const std::vector<Message>& words : {std::vector<Message>{gossip::Ping{1}},
                                              std::vector<Message>{},
                                              std::vector<Message>{statements.item()}}) {
        const Buffer datagram = stranger.seal(node, words);
        const Actions answer = node.hear(stranger, datagram);
        ASSERT_TRUE(cookie_in(answer));
        EXPECT_EQ(answer.datagrams[0].to, stranger.at);
        EXPECT_EQ(answer.datagrams[0].bytes.size(), kCookieReplySize);
        EXPECT_LE(answer.datagrams[0].bytes.size(), datagram.size());
        EXPECT_EQ(Strangers::parse_cookie(answer.datagrams[0].bytes)->echo,
                  gossip::Sealer::echo_of(datagram));
    }
    EXPECT_EQ(node.cache.verified(), before);
    EXPECT_EQ(node.node->members().size(), 1U);
}

TEST_F(Strange, bytes_of_any_length_and_type_are_never_answered_longer) {
    for (unsigned type = 0; type < 256; ++type) {
        for (const std::size_t size : {0U, 1U, 2U, 33U, 34U, 57U, 58U, 100U, 1'200U, 1'201U}) {
            Buffer datagram(size, std::byte{1});
            if (size > 0) {
                datagram[0] = static_cast<std::byte>(type);
            }
            const Actions answer = node.hear(kElsewhere, datagram);
            EXPECT_LE(answer.datagrams.size(), 1U);
            for (const auto& one : answer.datagrams) {
                EXPECT_LE(one.bytes.size(), size) << type;
                EXPECT_EQ(one.to, kElsewhere);
            }
            const bool may_be_answered = type == 0x10 || type == 0x11 || type == 0x13;
            EXPECT_TRUE(answer.datagrams.empty() || may_be_answered) << type;
        }
    }
}

TEST_F(Strange, cookies_of_a_second_are_bounded) {
    std::size_t answers = 0;
    for (int i = 0; i < 6'000; ++i) {
        answers += node.hear(kElsewhere, stranger.seal(node, {})).datagrams.size();
    }
    EXPECT_EQ(answers, static_cast<std::size_t>(Strangers::kCookiesPerSecond));
    world.now += seconds{1};
    EXPECT_TRUE(cookie_in(node.hear(kElsewhere, stranger.seal(node, {}))));
}

// ---- Introductions ------------------------------------------------------------------------------

TEST_F(Strange, becomes_a_member_by_its_cookie_certificate_and_record) {
    const Actions answer = node.hear(stranger, introduction(cookie()));
    ASSERT_TRUE(node.knows(stranger.id()));
    EXPECT_EQ(node.count(gossip::Event::Kind::kMemberNew), 1U);
    const auto opened = stranger.open_all(node, answer);
    ASSERT_FALSE(opened.empty());
    ASSERT_EQ(opened[0].all<gossip::Ack>().size(), 1U);
    EXPECT_EQ(opened[0].all<gossip::Ack>()[0].number, 9U);
    EXPECT_EQ(opened[0].all<gossip::Ack>()[0].seen, stranger.at);
    // That its address was shown by a cookie is not yet an answer to a ping.
    EXPECT_FALSE(node.node->seen_endpoint(stranger.id()));
}

TEST_F(Strange, cookie_is_of_one_address) {
    const gossip::Cookie mine = cookie();
    net::Endpoint other_port = stranger.at;
    other_port.port += 1;
    const auto before = node.cache.verified();
    for (const net::Endpoint& from : {kElsewhere, other_port}) {
        const Actions answer = node.hear(from, introduction(mine));
        ASSERT_TRUE(cookie_in(answer));
        EXPECT_NE(cookie_in(answer), mine);
        EXPECT_LE(answer.datagrams[0].bytes.size(), introduction(mine).size());
    }
    gossip::Cookie guessed{};
    EXPECT_TRUE(cookie_in(node.hear(stranger, introduction(guessed))));
    EXPECT_FALSE(node.knows(stranger.id()));
    EXPECT_EQ(node.cache.verified(), before);
}

TEST_F(Strange, cookie_expires) {
    const gossip::Cookie first = cookie();
    world.now += Strangers::kSecretLifetime - seconds{1};
    EXPECT_EQ(cookie(), first);
    world.now += seconds{1};
    const gossip::Cookie second = cookie();
    EXPECT_NE(second, first);
    world.now += Strangers::kSecretLifetime;
    EXPECT_NE(cookie(), second);
    EXPECT_TRUE(cookie_in(node.hear(stranger, introduction(first))));
    EXPECT_FALSE(node.knows(stranger.id()));
    node.hear(stranger, introduction(second));  // the one before is good as well
    EXPECT_TRUE(node.knows(stranger.id()));
}

TEST_F(Strange, certificate_that_is_not_good_is_met_with_silence) {
    Machine& friendly = world.start(30);  // whose clock agrees: before that nothing is held expired
    World::acquaint(node, friendly);
    world.prove(node, friendly);
    identity::Certificate expired = certificate(20);
    expired.not_after = kBirth - 1;
    identity::Certificate foreign = certificate(20);
    foreign.network = network(2);
    identity::Certificate unknown_issuer = certificate(20);
    unknown_issuer.issuer_number = 2;
    unknown_issuer.serial = std::uint64_t{2} << 32U;
    const std::pair<const char*, Buffer> cases[] = {
        {"expired", build(expired, issuer_key())},
        {"foreign", build(foreign, issuer_key())},
        {"unknown issuer", build(unknown_issuer, issuer_key())},
        {"signed by itself", build(certificate(20), node_key(20))},
        {"another's", certificate_bytes(21)},
        {"none", {}},
        {"garbage", Buffer(300, std::byte{0x57})}};
    for (const auto& [what, shown] : cases) {
        const Buffer datagram = stranger.introduce(node, cookie(), shown, own_words);
        const Actions answer = node.hear(stranger, datagram);
        EXPECT_TRUE(answer.datagrams.empty() && answer.events.empty()) << what;
    }
    EXPECT_EQ(node.node->members().size(), 2U);
}

TEST_F(Strange, certificate_that_was_revoked_is_answered_by_what_it_lacks_and_no_longer) {
    for (std::uint32_t i = 1; i < 20; ++i) {
        ASSERT_EQ(node.revoke(100 + i, i), std::nullopt);
    }
    ASSERT_EQ(node.revoke(20, 20), std::nullopt);
    for (std::uint64_t known = 0; known <= 20; ++known) {
        gossip::TrustHeads heads;
        heads.revocations = {{0, 0}, {1, known}};
        std::vector<gossip::Message> words = own_words;
        words.emplace_back(heads);
        const Buffer datagram = stranger.introduce(node, cookie(), statements.certificate, words);
        const Actions answer = node.hear(stranger, datagram);
        EXPECT_TRUE(answer.events.empty());
        ASSERT_EQ(answer.datagrams.size(), known < 20 ? 1U : 0U);
        for (const gossip::Actions::Datagram& one : answer.datagrams) {
            EXPECT_EQ(one.to, stranger.at);
            EXPECT_LE(one.bytes.size(), datagram.size());
            const auto opened = stranger.open(node, one.bytes);
            ASSERT_TRUE(opened);
            const auto items = opened->all<gossip::RevocationItem>();
            ASSERT_FALSE(items.empty());
            EXPECT_EQ(identity::parse_revocation(items[0].bytes)->number, known + 1);
        }
        world.now += milliseconds{100};
    }
    // Not in its name alone: whoever has its certificate has not its key.
    Machine& captured = world.add(21);
    const gossip::Cookie cookie_of_another =
        cookie_in(node.hear(captured, captured.seal(node, {gossip::Ping{1}}))).value();
    const Actions answer = node.hear(
        captured, captured.introduce(node, cookie_of_another, statements.certificate, own_words));
    EXPECT_TRUE(answer.datagrams.empty() && answer.events.empty());
}

TEST_F(Strange, introduction_in_anothers_name_is_met_with_silence) {
    Machine& captured = world.add(21);
    const gossip::Cookie cookie =
        cookie_in(node.hear(captured, captured.seal(node, {gossip::Ping{1}}))).value();
    const Actions answer =
        node.hear(captured, captured.introduce(node, cookie, statements.certificate, own_words));
    EXPECT_TRUE(answer.datagrams.empty());
    EXPECT_EQ(node.node->members().size(), 1U);
}

TEST_F(Strange, every_changed_byte_of_an_introduction_is_noticed) {
    const Buffer good = introduction(cookie());
    for (std::size_t i = 0; i < good.size(); ++i) {
        Buffer changed = good;
        changed[i] ^= std::byte{1};
        const Actions answer = node.hear(stranger, changed);
        EXPECT_TRUE(answer.datagrams.empty() || cookie_in(answer)) << i;
        EXPECT_FALSE(node.knows(stranger.id())) << i;
        world.now += milliseconds{20};  // within what introductions may cost
    }
    node.hear(stranger, good);
    EXPECT_TRUE(node.knows(stranger.id()));
}

TEST_F(Strange, introductions_of_a_second_are_bounded) {
    const Buffer bad = stranger.introduce(node, cookie(), certificate_bytes(21), own_words);
    for (double i = 0; i < Strangers::kIntroductionsPerSecond; ++i) {
        node.hear(stranger, bad);
    }
    node.hear(stranger, introduction(cookie()));
    EXPECT_FALSE(node.knows(stranger.id()));
    world.now += seconds{1};
    node.hear(stranger, introduction(cookie()));
    EXPECT_TRUE(node.knows(stranger.id()));
}

TEST_F(Strange, nodes_introduce_themselves_to_who_does_not_know_them) {
    Machine& other = world.start(30);
    World::restore(
        other,
        Statements{node.certificate->bytes, node.node->members().find(node.id())->record->bytes});
    world.run(seconds{3});
    EXPECT_TRUE(node.knows(other.id()));
    EXPECT_EQ(node.node->members().digest(), other.node->members().digest());
    EXPECT_EQ(node.node->seen_endpoint(other.id()), other.at);
}

// ---- Machines that want to join -----------------------------------------------------------------

TEST_F(Strange, join_reaches_the_issuer_once_its_address_is_proven) {
    Buffer request(gossip::kDatagramSizeMax, std::byte{7});
    request[0] = std::byte{0x13};
    request[1] = std::byte{gossip::kFormatVersion};
    const Actions first = node.hear(kElsewhere, request);
    const auto cookie = cookie_in(first);
    ASSERT_TRUE(cookie);
    EXPECT_TRUE(first.joins.empty());
    copy_bytes(*cookie, Bytes{request}.subspan(2));
    EXPECT_TRUE(node.hear(stranger, request).joins.empty());
    const Actions second = node.hear(kElsewhere, request);
    ASSERT_EQ(second.joins.size(), 1U);
    EXPECT_TRUE(second.datagrams.empty());
    EXPECT_EQ(second.joins[0].from, kElsewhere);
    EXPECT_EQ(second.joins[0].sealed, Buffer(1'152, std::byte{7}));
    const auto reply = gossip::Node::join_reply(second.joins[0], Buffer(1'152));
    EXPECT_EQ(reply.to, kElsewhere);
    EXPECT_LE(reply.bytes.size(), request.size());
    request.pop_back();
    EXPECT_TRUE(node.hear(kElsewhere, request).joins.empty());
}

// ---- Members at addresses that they have not answered from --------------------------------------

struct Unproven : testing::Test {
    Unproven() {
        World::acquaint(node, member);
        for (std::uint32_t i = 100; i < 150; ++i) {
            World::restore(node, Statements{i});
        }
        world.now += seconds{60};
        node.on_timer();
        world.drop();
    }
    /// The same with the digest that the node has, so that the header differs in nothing.
    Buffer quiet(const std::vector<Message>& words) { return member.seal(node, words, same()); }
    [[nodiscard]] gossip::Header same() const {
        gossip::Header header = node.header();
        header.trust_count = 0;
        return header;
    }

    World world;
    Machine& node = world.start(10);
    Machine& member = world.start(20);
};

TEST_F(Unproven, are_not_answered_at_length) {
    gossip::Want want{{node_id(100), node_id(101)}};
    identity::NodeId last;
    last.bytes.fill(std::byte{0xff});
    const std::vector<Message> cases[] = {
        {gossip::Buckets{}}, {gossip::Summary{{}, last, {}}}, {want}, {gossip::TrustHeads{}}};
    for (const auto& words : cases) {
        EXPECT_TRUE(node.hear(member, member.seal(node, words)).datagrams.empty());
        world.now += milliseconds{50};
        EXPECT_TRUE(member.open_all(node, node.on_timer()).empty() ||
                    node.node->counters().syncs == 0);
    }
    EXPECT_EQ(node.node->counters().syncs, 0U);
    world.prove(node, member);
    for (const auto& words : cases) {
        std::size_t answers = node.hear(member, quiet(words)).datagrams.size();
        world.now += milliseconds{50};
        for (const Opened& pushed : member.open_all(node, node.on_timer())) {
            answers += pushed.all<gossip::MemberItem>().size();
        }
        EXPECT_GT(answers, 0U);
    }
    for (const auto& words : cases) {
        EXPECT_TRUE(node.hear(kElsewhere, quiet(words)).datagrams.empty());
    }
    world.now += gossip::Core::kSeenLifetime;  // nor for ever
    for (const auto& words : cases) {
        EXPECT_TRUE(node.hear(member, quiet(words)).datagrams.empty());
    }
}

TEST_F(Unproven, replayed_ping_moves_no_endpoint_and_no_answer_is_longer) {
    world.prove(node, member);
    const Buffer ping = quiet({gossip::Ping{5}});
    for (int i = 0; i < 10; ++i) {
        const Actions answer = node.hear(kElsewhere, ping);
        for (const auto& one : answer.datagrams) {
            EXPECT_LE(one.bytes.size(), ping.size());
        }
        // Besides the answer at most one ping each second, to see whether it has moved.
        EXPECT_LE(answer.datagrams.size(), i == 0 ? 2U : 1U);
        EXPECT_EQ(node.node->seen_endpoint(member.id()), member.at);
    }
}

TEST_F(Unproven, own_datagrams_reflected_are_nothing) {
    const Actions sent = node.hear(member, quiet({gossip::Ping{5}}));
    ASSERT_FALSE(sent.datagrams.empty());
    const auto before = node.node->counters().unopened;
    for (const auto& one : sent.datagrams) {
        EXPECT_TRUE(node.hear(kElsewhere, one.bytes).datagrams.empty());
    }
    EXPECT_EQ(node.node->counters().unopened, before + sent.datagrams.size());
}

TEST_F(Unproven, every_changed_byte_is_a_strangers) {
    const Buffer good = quiet({gossip::Ping{5}});
    for (std::size_t i = 0; i < good.size(); ++i) {
        Buffer changed = good;
        changed[i] ^= std::byte{1};
        const Actions answer = node.hear(member, changed);
        EXPECT_TRUE(answer.datagrams.empty() || cookie_in(answer)) << i;
    }
}

}  // namespace
}  // namespace weft::test
