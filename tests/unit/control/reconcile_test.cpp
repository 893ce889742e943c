// SPDX-License-Identifier: Apache-2.0
// From one configuration to the next by the smallest set of operations.
#include "reconcile.hpp"

#include <gtest/gtest.h>

namespace weft::control {
namespace {

KeyBytes key(int n) {
    KeyBytes bytes{};
    bytes[0] = static_cast<std::byte>(n);
    return bytes;
}

ByteArray<16> key_id(int n) {
    ByteArray<16> bytes{};
    bytes[0] = static_cast<std::byte>(n);
    return bytes;
}

Secret<32> secret(int n) {
    return Secret<32>{key(n)};
}

net::Prefix prefix_from(std::string_view text) {
    return net::Prefix::parse(text).value();
}

DesiredPeer peer(std::string name, std::vector<std::string_view> prefixes) {
    DesiredPeer out;
    out.name = std::move(name);
    out.endpoint = config::HostPort{"192.0.2.1", 51840};
    for (const std::string_view text : prefixes) {
        out.allowed_ips.push_back(prefix_from(text));
    }
    return out;
}

Desired node() {
    Desired out;
    out.private_key = secret(1);
    out.listen_port = 51840;
    out.addresses = {prefix_from("10.44.0.1/24")};
    out.peers.emplace(key(2), peer("b", {"10.44.1.0/24", "fd00::/64"}));
    out.peers.emplace(key(3), peer("c", {"10.44.2.0/24"}));
    return out;
}

TEST(Reconcile, NothingToDoForTheSame) {
    const Plan plan = diff(node(), node());
    EXPECT_TRUE(plan.edit.empty());
    EXPECT_TRUE(plan.resolve.empty());
}

TEST(Reconcile, AStartIsTheDifferenceFromNothing) {
    const Plan plan = diff({}, node());
    ASSERT_TRUE(plan.edit.private_key);
    EXPECT_EQ(plan.edit.listen_port, 51840);
    EXPECT_FALSE(plan.edit.fwmark);
    EXPECT_FALSE(plan.edit.replace_peers);  // what wg has set survives
    ASSERT_EQ(plan.edit.peers.size(), 2U);
    EXPECT_TRUE(plan.edit.peers[0].replace_allowed_ips);
    EXPECT_EQ(plan.edit.peers[0].allowed_ips.size(), 2U);
    EXPECT_EQ(plan.edit.peers[0].endpoint->to_string(), "192.0.2.1:51840");
}

TEST(Reconcile, RemovesAPeerThatIsGone) {
    Desired to = node();
    to.peers.erase(key(2));
    const Plan plan = diff(node(), to);
    ASSERT_EQ(plan.edit.peers.size(), 1U);
    EXPECT_TRUE(plan.edit.peers[0].remove);
    EXPECT_EQ(plan.edit.peers[0].public_key, key(2));
}

TEST(Reconcile, TouchesOnlyWhatChanged) {
    Desired to = node();
    to.peers.at(key(2)).allowed_ips = {prefix_from("10.44.1.0/24"), prefix_from("10.44.9.0/24")};
    to.peers.at(key(2)).keepalive = std::chrono::seconds{25};
    const Plan plan = diff(node(), to);
    ASSERT_EQ(plan.edit.peers.size(), 1U);
    const PeerEdit& edit = plan.edit.peers[0];
    EXPECT_FALSE(edit.replace_allowed_ips);
    EXPECT_FALSE(edit.endpoint);  // or a peer that roamed would lose its session's
    EXPECT_FALSE(edit.preshared_key);
    EXPECT_EQ(edit.keepalive, std::chrono::seconds{25});
    ASSERT_EQ(edit.allowed_ips.size(), 2U);
    EXPECT_TRUE(edit.allowed_ips[0].remove);
    EXPECT_EQ(edit.allowed_ips[0].prefix, prefix_from("fd00::/64"));
    EXPECT_FALSE(edit.allowed_ips[1].remove);
}

TEST(Reconcile, SetsAnEndpointThatChanged) {
    Desired to = node();
    to.peers.at(key(2)).endpoint = config::HostPort{"192.0.2.9", 1};
    const Plan plan = diff(node(), to);
    ASSERT_EQ(plan.edit.peers.size(), 1U);
    EXPECT_EQ(plan.edit.peers[0].endpoint->to_string(), "192.0.2.9:1");
    EXPECT_TRUE(plan.resolve.empty());
}

TEST(Reconcile, LeavesNamesToTheResolver) {
    Desired to = node();
    to.peers.at(key(2)).endpoint = config::HostPort{"b.example.org", 51840};
    const Plan plan = diff(node(), to);
    EXPECT_TRUE(plan.edit.peers.empty());
    ASSERT_EQ(plan.resolve.size(), 1U);
    EXPECT_EQ(plan.resolve[0], key(2));
    EXPECT_TRUE(diff(to, to).resolve.empty());
}

TEST(Reconcile, ChangesKeysPortAndMark) {
    Desired from = node();
    Desired to = node();
    to.private_key = secret(9);
    to.listen_port = 1234;
    to.fwmark = 7;
    to.peers.at(key(3)).preshared_key = secret(5);
    const Plan plan = diff(from, to);
    EXPECT_TRUE(plan.edit.private_key && *plan.edit.private_key == secret(9));
    EXPECT_EQ(plan.edit.listen_port, 1234);
    EXPECT_EQ(plan.edit.fwmark, 7U);
    ASSERT_EQ(plan.edit.peers.size(), 1U);
    EXPECT_TRUE(*plan.edit.peers[0].preshared_key == secret(5));
}

TEST(Reconcile, KeepsTheKernelsPortWhereAnyWillDo) {
    Desired to = node();
    to.listen_port = 0;
    EXPECT_FALSE(diff(node(), to).edit.listen_port);
}

TEST(Reconcile, RoutesEveryPrefixOnceButNoDefault) {
    Desired all = node();
    all.peers.emplace(key(4), peer("d", {"0.0.0.0/0", "::/0", "10.44.2.0/24"}));
    const WantedRoutes wanted = wanted_routes(all.peers, {});
    EXPECT_EQ(
        wanted.routes,
        (std::set{
            prefix_from("10.44.1.0/24"), prefix_from("10.44.2.0/24"), prefix_from("fd00::/64")}));
    EXPECT_EQ(wanted.skipped, (std::set{prefix_from("0.0.0.0/0"), prefix_from("::/0")}));
}

TEST(Reconcile, NamesSettingsThatNeedARestart) {
    config::Config running;
    running.node.addresses = {prefix_from("10.44.0.1/24"), prefix_from("fd44::1/64")};
    config::Config wanted = running;
    EXPECT_TRUE(restart_required(running, wanted).empty());
    wanted.node.listen_port = 1;  // changes while running
    wanted.node.addresses.push_back(prefix_from("10.45.0.1/24"));
    EXPECT_TRUE(restart_required(running, wanted).empty());
    wanted.node.workers = 3;
    wanted.node.isa = "portable";
    EXPECT_EQ(restart_required(running, wanted),
              (std::vector<std::string>{"node.workers", "node.isa"}));
}

std::map<crypto::PublicKey, mesh::WantedPeer> two_members() {
    std::map<crypto::PublicKey, mesh::WantedPeer> wanted;
    wanted[{key(2)}] = {{key_id(2)}, "b", {prefix_from("10.64.1.0/24")}, {}};
    wanted[{key(7)}] = {
        {key_id(7)}, "m", {prefix_from("10.64.7.0/24"), prefix_from("203.0.113.0/24")}, {}};
    return wanted;
}

TEST(Reconcile, MembersArePeersByTheirCertificates) {
    const MemberPeers members = member_peers(two_members(), {});
    ASSERT_EQ(members.peers.size(), 2U);
    const DesiredPeer& m = members.peers.at(key(7));
    EXPECT_EQ(m.name, "m");
    EXPECT_EQ(m.member, identity::NodeId{key_id(7)});
    EXPECT_EQ(m.allowed_ips.size(), 2U);
    EXPECT_FALSE(m.endpoint);
    EXPECT_TRUE(members.shadowed.empty());
}

TEST(Reconcile, TheConfigurationComesBeforeMembers) {
    const PeerMap configured = [] {
        PeerMap peers;
        peers.emplace(key(2), peer("static", {"10.44.1.0/24"}));
        peers.emplace(key(4), peer("wide", {"0.0.0.0/0", "203.0.0.0/8"}));
        return peers;
    }();
    const MemberPeers members = member_peers(two_members(), configured);
    ASSERT_EQ(members.peers.size(), 1U);  // key 2 is the configuration's
    EXPECT_EQ(members.peers.at(key(7)).allowed_ips, (std::vector{prefix_from("10.64.7.0/24")}));
    EXPECT_EQ(members.shadowed,
              (std::map<net::Prefix, std::string>{{prefix_from("203.0.113.0/24"), "m"}}));
}

TEST(Reconcile, RoutesPoolsAndWhatMembersHaveOutsideOfThem) {
    const MemberPeers members = member_peers(two_members(), {});
    const std::vector pools{prefix_from("10.64.0.0/12")};
    EXPECT_EQ(wanted_routes(members.peers, pools).routes,
              (std::set{prefix_from("10.64.0.0/12"), prefix_from("203.0.113.0/24")}));
}

}  // namespace
}  // namespace weft::control
