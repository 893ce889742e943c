// SPDX-License-Identifier: Apache-2.0
// "What do you see of me?": asked, answered, and no more often than is good.
#include <gtest/gtest.h>

#include "gossip_world.hpp"

namespace weft::test {
namespace {

using gossip::Actions;
using gossip::Inquiry;

class Inquiries : public ::testing::Test {
  protected:
    Inquiries() { World::acquaint(a, b); }

    Actions ask() {
        return a.act([&](gossip::Node& node, const gossip::Moment& moment, Actions& actions) {
            EXPECT_TRUE(node.inquire(b.id(), b.at, {7, true}, moment, actions));
        });
    }

    World world;
    Machine& a = world.start(10);
    Machine& b = world.start(20);
};

TEST_F(Inquiries, are_answered_by_nothing_longer) {
    const Actions question = ask();
    ASSERT_EQ(question.datagrams.size(), 1U);
    const Actions heard = b.hear(a, question.datagrams[0].bytes);
    ASSERT_EQ(heard.asked.size(), 1U);
    EXPECT_EQ(heard.asked[0].from, a.id());
    EXPECT_EQ(heard.asked[0].at, a.at);
    EXPECT_TRUE(heard.asked[0].inquiry.begins);
    const Buffer words(gossip::kSightSizeMax, std::byte{'x'});
    const Actions answer =
        b.act([&](gossip::Node& node, const gossip::Moment& moment, Actions& actions) {
            node.answer(heard.asked[0], words, moment, actions);
        });
    ASSERT_EQ(answer.datagrams.size(), 1U);
    EXPECT_LE(answer.datagrams[0].bytes.size(), question.datagrams[0].bytes.size());
    const Actions seen = a.hear(b, answer.datagrams[0].bytes);
    ASSERT_EQ(seen.seen.size(), 1U);
    EXPECT_EQ(seen.seen[0].by, b.id());
    EXPECT_EQ(seen.seen[0].number, 7U);
    EXPECT_EQ(seen.seen[0].bytes, words);
}

TEST_F(Inquiries, of_one_member_are_heard_eight_at_once_and_then_one_in_two_seconds) {
    std::size_t heard = 0;
    for (int i = 0; i < 100; ++i) {
        heard += b.hear(a, ask().datagrams.at(0).bytes).asked.size();
    }
    EXPECT_EQ(heard, 8U);
    world.now += seconds{2};
    EXPECT_EQ(b.hear(a, ask().datagrams.at(0).bytes).asked.size(), 1U);
}

TEST_F(Inquiries, say_when_a_member_was_heard_last) {
    EXPECT_EQ(b.node->heard_from(a.id()), Time{});
    b.hear(a, ask().datagrams.at(0).bytes);
    EXPECT_EQ(b.node->heard_from(a.id()), world.now);
}

}  // namespace
}  // namespace weft::test
