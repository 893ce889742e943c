// SPDX-License-Identifier: Apache-2.0
// Other people's rules, loaded by nft in a namespace of the test's own, and what they do to a
// packet.
#include <fstream>

#include <netinet/in.h>

#include <gtest/gtest.h>

#include <weft/firewall/foreign.hpp>

#include "private_netns.hpp"

namespace weft::firewall {
namespace {

Probe forwarded(const char* in = "wv0", const char* out = "weft0") {
    Probe probe;
    probe.path = Path::kForward;
    probe.in = in;
    probe.out = out;
    probe.source = *net::IpAddress::parse("10.44.0.10");
    probe.destination = *net::IpAddress::parse("10.44.1.10");
    probe.protocol = IPPROTO_TCP;
    probe.destination_port = 80;
    return probe;
}

/// "CHAIN: WHAT" of each drop, ';' between them; "?" after what is not certain.
std::string judge(const std::string& rules, const Probe& probe) {
    std::ofstream{"/tmp/weft-foreign.nft"} << "flush ruleset\n" << rules << "\n";
    const int loaded =
        std::system("nft -f /tmp/weft-foreign.nft");  // NOLINT(concurrency-mt-unsafe)
    std::remove("/tmp/weft-foreign.nft");
    if (loaded != 0) {
        return "not loaded";
    }
    const auto drops = foreign_drops(probe);
    if (!drops) {
        return drops.error().message();
    }
    std::string text;
    for (const ForeignDrop& drop : *drops) {
        text +=
            (text.empty() ? "" : ";") + drop.chain + ": " + drop.what + (drop.certain ? "" : "?");
    }
    return text;
}

std::string forward_chain(const std::string& policy, const std::string& rules) {
    return "table ip t {\nset s {\ntype ipv4_addr\nflags interval\nelements = { 10.44.0.0/16 }\n}\n"
           "chain sub {\ntcp dport 80 accept\n}\nchain f {\ntype filter hook forward priority 0; "
           "policy " +
           policy + ";\n" + rules + "\n}\n}";
}
std::string dropped_by(const std::string& policy, const std::string& rules) {
    return judge(forward_chain(policy, rules), forwarded());
}

TEST(Foreign, ChainsAreWalkedAsTheKernelDoes) {
    WEFT_ENTER_PRIVATE_NETNS();
    if (std::system("nft list ruleset") != 0 || !foreign_drops(forwarded())) {
        GTEST_SKIP() << "no nftables here";
    }
    const std::string policy = "ip t f: its policy is drop";
    EXPECT_EQ(dropped_by("accept", ""), "");
    EXPECT_EQ(dropped_by("drop", ""), policy);
    EXPECT_EQ(dropped_by("drop", "ct state established,related accept"), policy);
    EXPECT_EQ(dropped_by("drop", "ct state new accept"), "");
    EXPECT_EQ(dropped_by("drop", "iifname \"docker0\" accept"), policy);
    EXPECT_EQ(dropped_by("drop", "iifname \"wv*\" counter accept"), "");
    EXPECT_EQ(dropped_by("drop", "iifname != \"wv*\" accept"), policy);
    EXPECT_EQ(dropped_by("drop", "ip saddr 10.44.0.0/16 ip daddr 10.44.0.0/16 accept"), "");
    EXPECT_EQ(dropped_by("drop", "ip saddr 10.45.0.0/16 accept"), policy);
    EXPECT_EQ(dropped_by("drop", "ip daddr @s accept"), "");
    EXPECT_EQ(dropped_by("drop", "ip daddr != @s accept"), policy);
    EXPECT_EQ(dropped_by("drop", "tcp dport { 22, 80 } accept"), "");
    EXPECT_EQ(dropped_by("drop", "tcp dport { 22, 443 } accept"), policy);
    EXPECT_EQ(dropped_by("drop", "tcp dport 70-90 accept"), "");
    EXPECT_EQ(dropped_by("drop", "meta l4proto udp accept"), policy);
    EXPECT_EQ(dropped_by("drop", "jump sub"), "");
    EXPECT_EQ(dropped_by("drop", "udp dport 80 jump sub"), policy);
    EXPECT_EQ(dropped_by("drop", "goto sub"), "");
    EXPECT_EQ(dropped_by("accept", "ip saddr 10.44.0.10 drop comment \"not him\""),
              "ip t f: rule 5 drops it (not him)");
    EXPECT_EQ(dropped_by("accept", "reject"), "ip t f: rule 5 drops it");
    EXPECT_EQ(dropped_by("accept", "return\ndrop"), "");
    EXPECT_EQ(dropped_by("drop", "limit rate 5/second accept"), policy + "?");
    EXPECT_EQ(dropped_by("accept", "limit rate 5/second drop"), "");
    EXPECT_EQ(dropped_by("drop", "meta mark 0x0 accept"), "");
    EXPECT_EQ(dropped_by("drop", "meta mark and 0x4000 == 0x4000 accept"), policy);
}

TEST(Foreign, OnlyChainsOfThePathAndFamilyCountAndEachCounts) {
    WEFT_ENTER_PRIVATE_NETNS();
    if (std::system("nft list ruleset") != 0 || !foreign_drops(forwarded())) {
        GTEST_SKIP() << "no nftables here";
    }
    const std::string rules = R"(
table inet a {
 chain f { type filter hook forward priority 5; policy drop;
 }
 chain i { type filter hook input priority 0; policy drop;
  udp dport 51840 accept
 }
}
table ip6 b {
 chain f { type filter hook forward priority 0; policy drop;
 }
}
table ip c {
 chain f { type filter hook forward priority -5; policy drop;
 }
}
table inet weft {
 chain f { type filter hook forward priority 0; policy drop;
 }
}
)";
    EXPECT_EQ(judge(rules, forwarded()), "ip c f: its policy is drop;inet a f: its policy is drop");
    Probe probe = forwarded();
    probe.source = *net::IpAddress::parse("fd44::10");
    probe.destination = *net::IpAddress::parse("fd44:0:0:1::10");
    EXPECT_EQ(judge(rules, probe), "ip6 b f: its policy is drop;inet a f: its policy is drop");
    probe.path = Path::kInput;
    probe.protocol = IPPROTO_UDP;
    probe.destination_port = 51840;
    EXPECT_EQ(judge(rules, probe), "");
    probe.destination_port = 51841;
    EXPECT_EQ(judge(rules, probe), "inet a i: its policy is drop");
    probe.path = Path::kOutput;
    EXPECT_EQ(judge(rules, probe), "");
}

}  // namespace
}  // namespace weft::firewall
