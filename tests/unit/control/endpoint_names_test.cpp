// SPDX-License-Identifier: Apache-2.0
// When host names are asked for, and which answer is used.
#include "endpoint_names.hpp"

#include <gtest/gtest.h>

namespace weft::control {
namespace {

using std::chrono::seconds;

constexpr Time kStart{seconds{1000}};
const KeyBytes kPeer{std::byte{1}};
const config::HostPort kHost{"b.example.org", 51840};

net::Endpoint endpoint(std::string_view text) {
    return net::Endpoint::parse(text).value();
}

Resolver::Answer answer(std::vector<net::Endpoint> endpoints) {
    const std::string cause = endpoints.empty() ? "no such host" : "";
    return {{kPeer, kHost}, std::move(endpoints), cause};
}

TEST(EndpointNames, AsksAtOnceAndThenEachMinuteWithoutASession) {
    EndpointNames names;
    names.set(kPeer, kHost);
    EXPECT_EQ(names.due(kStart, {}).size(), 1U);
    EXPECT_EQ(names.on_answer(answer({endpoint("192.0.2.1:51840")}), {}, false, kStart),
              endpoint("192.0.2.1:51840"));
    EXPECT_TRUE(names.due(kStart + seconds{59}, {}).empty());
    EXPECT_TRUE(names.due(kStart + seconds{60}, {kPeer}).empty());
    EXPECT_EQ(names.due(kStart + seconds{61}, {}).size(), 1U);
}

TEST(EndpointNames, AsksAgainAtOnceWhatCouldNotBeAsked) {
    EndpointNames names;
    names.set(kPeer, kHost);
    const auto questions = names.due(kStart, {});
    ASSERT_EQ(questions.size(), 1U);
    EXPECT_TRUE(names.due(kStart + seconds{1}, {}).empty());
    names.remove(kPeer);
    names.not_asked(questions);  // no longer there
    EXPECT_TRUE(names.due(kStart + seconds{1}, {}).empty());
    names.set(kPeer, kHost);
    names.not_asked(names.due(kStart, {}));
    EXPECT_EQ(names.due(kStart + seconds{1}, {}).size(), 1U);
}

TEST(EndpointNames, LeavesALiveSessionAloneUnlessTheNameIsNew) {
    EndpointNames names;
    const auto one = endpoint("192.0.2.1:51840");
    const auto roamed = endpoint("198.51.100.9:7");
    names.set(kPeer, kHost);
    EXPECT_EQ(names.on_answer(answer({one}), roamed, false, kStart), one);
    EXPECT_FALSE(names.on_answer(answer({one}), roamed, false, kStart));
    EXPECT_EQ(names.on_answer(answer({one}), roamed, true, kStart), one);
}

TEST(EndpointNames, TriesTheNextAddressOfSeveral) {
    EndpointNames names;
    const auto one = endpoint("[2001:db8::1]:51840");
    const auto two = endpoint("192.0.2.2:51840");
    names.set(kPeer, kHost);
    EXPECT_EQ(names.on_answer(answer({one, two}), {}, false, kStart), one);
    EXPECT_EQ(names.on_answer(answer({one, two}), one, true, kStart), two);
    EXPECT_EQ(names.on_answer(answer({one, two}), two, true, kStart), one);
    EXPECT_FALSE(names.on_answer(answer({one}), one, false, kStart));
}

TEST(EndpointNames, TellsFailuresAndRetriesSooner) {
    EndpointNames names;
    names.set(kPeer, kHost);
    EXPECT_EQ(names.due(kStart, {}).size(), 1U);
    EXPECT_FALSE(names.on_answer(answer({}), {}, false, kStart));
    ASSERT_EQ(names.failures().size(), 1U);
    EXPECT_EQ(names.failures().at(kPeer).cause, "no such host");
    EXPECT_EQ(names.due(kStart + seconds{10}, {}).size(), 1U);
    EXPECT_TRUE(names.on_answer(answer({endpoint("192.0.2.1:51840")}), {}, false, kStart));
    EXPECT_TRUE(names.failures().empty());
}

TEST(EndpointNames, IgnoresAnswersToOldQuestions) {
    EndpointNames names;
    EXPECT_FALSE(names.on_answer(answer({endpoint("192.0.2.1:51840")}), {}, false, kStart));
    names.set(kPeer, {"other.example.org", 51840});
    EXPECT_FALSE(names.on_answer(answer({endpoint("192.0.2.1:51840")}), {}, false, kStart));
    names.remove(kPeer);
    EXPECT_TRUE(names.due(kStart, {}).empty());
}

}  // namespace
}  // namespace weft::control
