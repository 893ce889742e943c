// SPDX-License-Identifier: Apache-2.0
// Names that this node advertises or looks for members at: when they are asked for, and what is
// known of them.
#include "own_names.hpp"

#include <gtest/gtest.h>

namespace weft::control {
namespace {

using std::chrono::seconds;

constexpr Time kNamesStart{seconds{1000}};
const std::vector<config::HostPort> kOwnHosts{
    {"a.example.org", 51840}, {"192.0.2.9", 51840}, {"b.example.org", 1}};

net::Endpoint name_endpoint(std::string_view text) {
    return net::Endpoint::parse(text).value();
}

Resolver::Answer own_answer(const config::HostPort& host, std::vector<net::Endpoint> endpoints) {
    const std::string cause = endpoints.empty() ? "no such host" : "";
    return {{std::nullopt, host}, std::move(endpoints), cause};
}

struct OwnNamesTest : testing::Test {
    OwnNamesTest() { names.set(kOwnHosts); }
    OwnNames names;
};

TEST_F(OwnNamesTest, addresses_are_what_they_are_and_names_come_in_their_place) {
    EXPECT_EQ(names.endpoints(kOwnHosts), std::vector{name_endpoint("192.0.2.9:51840")});
    EXPECT_EQ(names.due(kNamesStart).size(), 2U);
    EXPECT_TRUE(names.on_answer(
        own_answer(kOwnHosts[0],
                   {name_endpoint("192.0.2.2:51840"), name_endpoint("192.0.2.1:51840")}),
        kNamesStart));
    EXPECT_EQ(names.endpoints(kOwnHosts),
              (std::vector{name_endpoint("192.0.2.1:51840"),
                           name_endpoint("192.0.2.2:51840"),
                           name_endpoint("192.0.2.9:51840")}));
    // Turned round it is the same answer.
    EXPECT_FALSE(names.on_answer(
        own_answer(kOwnHosts[0],
                   {name_endpoint("192.0.2.1:51840"), name_endpoint("192.0.2.2:51840")}),
        kNamesStart));
    EXPECT_TRUE(
        names.on_answer(own_answer(kOwnHosts[0], {name_endpoint("192.0.2.3:51840")}), kNamesStart));
}

TEST_F(OwnNamesTest, are_asked_for_again_each_minute_and_sooner_while_they_never_resolved) {
    EXPECT_EQ(names.due(kNamesStart).size(), 2U);
    EXPECT_TRUE(names.due(kNamesStart + seconds{59}).empty());
    EXPECT_TRUE(
        names.on_answer(own_answer(kOwnHosts[0], {name_endpoint("192.0.2.1:51840")}), kNamesStart));
    EXPECT_FALSE(names.on_answer(own_answer(kOwnHosts[2], {}), kNamesStart));
    const auto again = names.due(kNamesStart + seconds{10});
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].host, kOwnHosts[2]);
    names.not_asked();
    EXPECT_EQ(names.due(kNamesStart + seconds{11}).size(), 2U);
}

TEST_F(OwnNamesTest, what_was_known_stays_while_name_servers_are_silent) {
    EXPECT_TRUE(
        names.on_answer(own_answer(kOwnHosts[0], {name_endpoint("192.0.2.1:51840")}), kNamesStart));
    EXPECT_FALSE(names.on_answer(own_answer(kOwnHosts[0], {}), kNamesStart));
    EXPECT_EQ(names.endpoints(kOwnHosts).size(), 2U);
    EXPECT_EQ(names.failures(),
              (std::map<std::string, std::string>{{"a.example.org:51840", "no such host"}}));
    names.set(kOwnHosts);  // a reload
    EXPECT_EQ(names.endpoints(kOwnHosts).size(), 2U);
    names.set(std::vector<config::HostPort>{});
    EXPECT_TRUE(names.failures().empty());
    EXPECT_FALSE(
        names.on_answer(own_answer(kOwnHosts[0], {name_endpoint("192.0.2.1:51840")}), kNamesStart));
}

}  // namespace
}  // namespace weft::control
