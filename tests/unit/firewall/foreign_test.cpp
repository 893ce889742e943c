// SPDX-License-Identifier: Apache-2.0
// Other people's rules, loaded by nft in a namespace of the test's own, and what they do to a
// packet.
#include <algorithm>
#include <cstdlib>
#include <fstream>

#include <netinet/in.h>

#include <gtest/gtest.h>

#include <weft/firewall/foreign.hpp>

#include "private_netns.hpp"
#include "probes.hpp"

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

/// As judge(), for commands of iptables-legacy in an empty filter table.
std::string judge_legacy(const char* command, const std::string& commands, const Probe& probe) {
    const std::string ipt = std::string{command} + " -w ";
    std::string script = ipt + "-F && " + ipt + "-X";
    for (const char* chain : {"INPUT", "FORWARD", "OUTPUT"}) {
        script += " && " + ipt + "-P " + chain + " ACCEPT";
    }
    for (std::size_t at = 0; at < commands.size();) {
        const std::size_t end = std::min(commands.find(';', at), commands.size());
        script += " && " + ipt + commands.substr(at, end - at);
        at = end + 1;
    }
    if (std::system((script + " 2>/dev/null").c_str()) != 0) {  // NOLINT(concurrency-mt-unsafe)
        return "not loaded";
    }
    const auto drops = foreign_drops(probe);
    if (!drops || drops->size() > 1) {
        return "?";
    }
    return drops->empty() ? "" : drops->front().what + (drops->front().certain ? "" : "?");
}

TEST(Foreign, LegacyTablesAreWalkedToo) {
    WEFT_ENTER_PRIVATE_NETNS();
    EXPECT_TRUE(foreign_drops(forwarded()));
    if (judge_legacy("iptables-legacy", "", forwarded()) != "") {
        GTEST_SKIP() << "no iptables-legacy here";
    }
    const auto drop = [](const std::string& commands) {
        return judge_legacy("iptables-legacy", commands, forwarded());
    };
    const std::string policy = "its policy is drop";
    EXPECT_EQ(drop("-P FORWARD DROP"), policy);
    EXPECT_EQ(drop("-P FORWARD DROP;-A FORWARD -i wv+ -j ACCEPT"), "");
    EXPECT_EQ(drop("-P FORWARD DROP;-A FORWARD -i docker0 -j ACCEPT"), policy);
    EXPECT_EQ(drop("-P FORWARD DROP;-A FORWARD ! -i docker0 -j ACCEPT"), "");
    EXPECT_EQ(drop("-P FORWARD DROP;-A FORWARD -s 10.44.0.0/16 -d 10.44.1.0/24 -j ACCEPT"), "");
    EXPECT_EQ(drop("-P FORWARD DROP;-A FORWARD -s 10.45.0.0/16 -j ACCEPT"), policy);
    EXPECT_EQ(drop("-P FORWARD DROP;-A FORWARD -p udp -j ACCEPT"), policy);
    EXPECT_EQ(drop("-P FORWARD DROP;-A FORWARD -p tcp -m comment --comment x -j ACCEPT"), "");
    EXPECT_EQ(drop("-P FORWARD DROP;-A FORWARD -m state --state RELATED -j ACCEPT"), policy);
    EXPECT_EQ(drop("-P FORWARD DROP;-A FORWARD -m mark --mark 7 -j ACCEPT"), policy + "?");
    EXPECT_EQ(drop("-P FORWARD DROP;-A FORWARD -p tcp --dport 70:90 --syn -j ACCEPT"), "");
    EXPECT_EQ(drop("-P FORWARD DROP;-A FORWARD -p tcp --dport 443 -j ACCEPT"), policy);
    EXPECT_EQ(drop("-A FORWARD -i eth0 -j ACCEPT;-A FORWARD -o weft0 -j DROP"), "rule 2 drops it");
    EXPECT_EQ(drop("-A FORWARD -j REJECT"), "rule 1 drops it");
    EXPECT_EQ(drop("-N SUB;-A SUB -i eth0 -j DROP;-A FORWARD -j SUB"), "");
    EXPECT_EQ(drop("-N SUB;-A SUB -i wv+ -j DROP;-A FORWARD -j SUB"),
              "a chain that it jumps to drops it");
    EXPECT_EQ(drop("-P FORWARD DROP;-N SUB;-A SUB -j RETURN;-A FORWARD -j SUB"), policy);
    EXPECT_EQ(drop("-P FORWARD DROP;-A FORWARD -j RETURN;-A FORWARD -j ACCEPT"), policy);
    EXPECT_EQ(drop("-P FORWARD DROP;-N SUB;-A FORWARD -g SUB;-A FORWARD -j ACCEPT"), policy);
    EXPECT_EQ(drop("-P FORWARD DROP;-A FORWARD -f -j ACCEPT"), policy);
    Probe probe = forwarded();
    probe.source = *net::IpAddress::parse("fd44::10");
    probe.destination = *net::IpAddress::parse("fd44:0:0:1::10");
    EXPECT_EQ(judge_legacy("ip6tables-legacy", "-P FORWARD DROP", probe), policy);
    EXPECT_EQ(judge_legacy(
                  "ip6tables-legacy", "-P FORWARD DROP;-A FORWARD -s fd44::/48 -j ACCEPT", probe),
              "");
}

TEST(Foreign, LegacyTablesLetOurPortInOrNot) {
    WEFT_ENTER_PRIVATE_NETNS();
    Probe probe = to_our_port();
    if (judge_legacy("iptables-legacy", "", probe) != "") {
        GTEST_SKIP() << "no iptables-legacy here";
    }
    const auto drop = [&probe](const std::string& commands) {
        return judge_legacy("iptables-legacy", commands, probe);
    };
    const std::string policy = "its policy is drop";
    const std::string usual =
        "-P INPUT DROP;-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT;";
    EXPECT_EQ(drop(usual), policy);
    EXPECT_EQ(drop(usual + "-A INPUT -p tcp --dport 51840 -j ACCEPT"), policy);
    EXPECT_EQ(drop(usual + "-A INPUT -p udp --dport 51840 -j ACCEPT"), "");
    EXPECT_EQ(drop(usual + "-A INPUT -p udp --dport 51000:51839 -j ACCEPT"), policy);
    EXPECT_EQ(drop(usual + "-A INPUT -p udp ! --dport 53 -j ACCEPT"), "");
    EXPECT_EQ(drop("-A INPUT -p udp --dport 51840 -j DROP"), "rule 1 drops it");
    EXPECT_EQ(drop("-A INPUT -p udp -m multiport --dports 51840 -j ACCEPT;-P INPUT DROP"),
              policy + "?");
    probe.path = Path::kOutput;
    std::swap(probe.in, probe.out);
    EXPECT_EQ(drop("-P OUTPUT DROP;-A OUTPUT -p udp --sport 51840 -j ACCEPT"), "");
    EXPECT_EQ(drop("-P OUTPUT DROP;-A OUTPUT -p udp --dport 53 -j ACCEPT"), policy);
}

/// As iptables-nft writes it, where that knows no expression for the ports.
TEST(Foreign, LegacyMatchesAreReadInNftablesToo) {
    WEFT_ENTER_PRIVATE_NETNS();
    Probe probe = to_our_port();
    const auto run = [](const std::string& rule) {
        return std::system(  // NOLINT(concurrency-mt-unsafe)
                   ("iptables-nft -w " + rule + " 2>/dev/null").c_str()) == 0;
    };
    if (!run("-P INPUT DROP") || !foreign_drops(probe)) {
        GTEST_SKIP() << "no iptables-nft here";
    }
    ASSERT_TRUE(run("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"));
    const auto before = foreign_drops(probe);
    ASSERT_TRUE(before && before->size() == 1);
    EXPECT_TRUE(before->front().certain);
    ASSERT_TRUE(run("-A INPUT -p udp --dport 51840 -j ACCEPT"));
    const auto after = foreign_drops(probe);
    EXPECT_TRUE(after && after->empty());
}

}  // namespace
}  // namespace weft::firewall
