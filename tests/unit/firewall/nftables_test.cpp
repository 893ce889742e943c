// SPDX-License-Identifier: Apache-2.0
// What the kernel has after a batch, in a network namespace of the test's own, as nft(8) lists it.
#include <array>
#include <cstdio>
#include <string>

#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <weft/firewall/monitor.hpp>
#include <weft/firewall/nftables.hpp>

#include "private_netns.hpp"
#include "probes.hpp"

namespace weft::firewall {
namespace {

/// What a command prints; its lines begin without white space.
std::string run(const std::string& command) {
    std::string text;
    std::FILE* const pipe =
        ::popen(("{ " + command + "; } 2>&1 | sed 's/^[[:space:]]*//'").c_str(), "r");
    std::array<char, 4096> buffer{};
    while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) {
        text += buffer.data();
    }
    ::pclose(pipe);
    return text;
}

Ruleset example() {
    Ruleset ruleset;
    ruleset.interface = "weft0";
    ruleset.listen_port = 51840;
    ruleset.pools = {*net::Prefix::parse("10.32.0.0/12"), *net::Prefix::parse("fd44::/48")};
    ruleset.blocks = {*net::Prefix::parse("10.32.1.0/24"), *net::Prefix::parse("fd44:0:0:1::/64")};
    ruleset.routed = {*net::Prefix::parse("192.168.7.0/24")};
    ruleset.guests = {*net::Prefix::parse("10.32.200.1"), *net::Prefix::parse("0.0.0.0/0")};
    ruleset.metadata_allowed = {*net::Prefix::parse("169.254.169.253")};
    ruleset.lockdown = true;
    ruleset.allowed = {*net::Prefix::parse("192.0.2.0/25"), *net::Prefix::parse("192.0.2.128/25")};
    return ruleset;
}

// clang-format off
constexpr const char* kListing = R"(table inet weft {
set pool4 {
type ipv4_addr
flags interval
comment "all addresses of the overlay"
elements = { 10.32.0.0/12 }
}

set pool6 {
type ipv6_addr
flags interval
comment "all addresses of the overlay"
elements = { fd44::/48 }
}

set routed4 {
type ipv4_addr
flags interval
comment "what is behind this machine"
elements = { 192.168.7.0/24 }
}

set routed6 {
type ipv6_addr
flags interval
comment "what is behind this machine"
}

set guests4 {
type ipv4_addr
flags interval
comment "of peers that are configured here"
elements = { 0.0.0.0-10.31.255.255, 10.32.200.1,
10.48.0.0-255.255.255.255 }
}

set guests6 {
type ipv6_addr
flags interval
comment "of peers that are configured here"
}

set own4 {
type ipv4_addr
flags interval
comment "who leaves with this machine's address"
elements = { 10.32.1.0/24, 10.32.200.1 }
}

set own6 {
type ipv6_addr
flags interval
comment "who leaves with this machine's address"
elements = { fd44:0:0:1::/64 }
}

set metadata4 {
type ipv4_addr
flags interval
comment "what containers must not reach"
elements = { 100.100.100.200, 169.254.0.0-169.254.169.252,
169.254.169.254-169.254.255.255, 192.0.0.192 }
}

set metadata6 {
type ipv6_addr
flags interval
comment "what containers must not reach"
elements = { fd00:42::42,
fd00:ec2::254,
fd20:ce::254 }
}

set loopback4 {
type ipv4_addr
flags interval
comment "loopback"
elements = { 127.0.0.0/8 }
}

set unrouted6 {
type ipv6_addr
flags interval
comment "sources that no route leads to"
elements = { ::,
fe80::/10 }
}

set allowed4 {
type ipv4_addr
flags interval
comment "who may send to weft's port"
elements = { 192.0.2.0/24 }
}

set allowed6 {
type ipv6_addr
flags interval
comment "who may send to weft's port"
}

chain from_containers {
ip daddr @metadata4 counter drop comment "metadata: a container to a provider's metadata address"
ip6 daddr @metadata6 counter drop comment "metadata: a container to a provider's metadata address"
ip daddr @loopback4 counter drop comment "loopback: from outside to this machine's loopback address"
ip6 saddr @unrouted6 counter return comment "neighbour discovery"
fib saddr . iif oif 0 counter drop comment "spoofed: a container with an address that is not its own"
}

chain from_overlay {
ip daddr @metadata4 counter drop comment "metadata: a container to a provider's metadata address"
ip6 daddr @metadata6 counter drop comment "metadata: a container to a provider's metadata address"
ip daddr @loopback4 counter drop comment "loopback: from outside to this machine's loopback address"
}

chain guard_in {
type filter hook prerouting priority raw; policy accept;
iifname "wv*" counter goto from_containers comment "containers of this node"
iifname "weft0" counter goto from_overlay comment "the overlay"
iifname "lo" counter return comment "this machine to itself"
ip saddr @pool4 counter drop comment "inbound: an overlay address from outside"
ip6 saddr @pool6 counter drop comment "inbound: an overlay address from outside"
ip daddr @pool4 counter drop comment "inbound: to an overlay address from outside"
ip6 daddr @pool6 counter drop comment "inbound: to an overlay address from outside"
ip daddr @loopback4 counter drop comment "loopback: from outside to this machine's loopback address"
}

chain exits {
type filter hook forward priority raw; policy accept;
iifname != "weft0" counter return comment "not from the overlay"
ip daddr @pool4 counter return comment "to the overlay, and to what is behind this machine"
ip6 daddr @pool6 counter return comment "to the overlay, and to what is behind this machine"
ip daddr @routed4 counter return comment "to the overlay, and to what is behind this machine"
ip6 daddr @routed6 counter return comment "to the overlay, and to what is behind this machine"
oifname "weft0" counter return comment "on within the tunnel"
ip saddr @guests4 counter return comment "of peers that are configured here"
ip6 saddr @guests6 counter return comment "of peers that are configured here"
ct state established,related counter return comment "answers to what came by this machine"
counter drop comment "exit: from the overlay to a network outside of it"
}

chain guard_out {
type filter hook postrouting priority raw; policy accept;
oifname "weft0" counter return comment "into the overlay"
oifname "wv*" counter return comment "to containers of this node"
oifname "lo" counter return comment "this machine to itself"
ip daddr @pool4 counter drop comment "outbound: to an overlay address, but not by the overlay"
ip6 daddr @pool6 counter drop comment "outbound: to an overlay address, but not by the overlay"
}

chain guard_leave {
type filter hook postrouting priority srcnat + 2; policy accept;
oifname "weft0" counter return comment "into the overlay"
oifname "wv*" counter return comment "to containers of this node"
oifname "lo" counter return comment "this machine to itself"
ip saddr @pool4 counter drop comment "unmasqueraded: an overlay address was about to leave"
ip6 saddr @pool6 counter drop comment "unmasqueraded: an overlay address was about to leave"
}

chain lockdown {
type filter hook input priority raw; policy accept;
iifname "lo" counter return comment "this machine to itself"
ip saddr != @allowed4 udp dport 51840 counter drop comment "lockdown: to weft's port from a machine that is not allowed"
ip6 saddr != @allowed6 udp dport 51840 counter drop comment "lockdown: to weft's port from a machine that is not allowed"
}

chain clamp_mss {
type filter hook forward priority mangle; policy accept;
oifname "weft0" tcp flags syn / syn,rst counter tcp option maxseg size set rt mtu comment "segments that fit the overlay"
iifname "weft0" tcp flags syn / syn,rst counter tcp option maxseg size set rt mtu comment "segments that fit the way on"
}

chain leave {
type nat hook postrouting priority srcnat + 1; policy accept;
oifname "weft0" counter return comment "into the overlay"
oifname "wv*" counter return comment "to containers of this node"
oifname "lo" counter return comment "this machine to itself"
ip saddr @own4 counter masquerade fully-random comment "containers leave with this machine's address"
ip6 saddr @own6 counter masquerade fully-random comment "containers leave with this machine's address"
ip saddr @pool4 ip daddr @routed4 counter masquerade fully-random comment "the overlay to what is behind this machine"
ip6 saddr @pool6 ip6 daddr @routed6 counter masquerade fully-random comment "the overlay to what is behind this machine"
}
}
table arp weft {
set pool4 {
type ipv4_addr
flags interval
comment "all addresses of the overlay"
elements = { 10.32.0.0/12 }
}

chain guard_in {
type filter hook input priority filter; policy accept;
iifname != "wv*" arp daddr ip @pool4 counter drop comment "arp: who has an overlay address, asked from outside"
}
}
)";
// clang-format on

/// Opens, or skips the test where the kernel or the build has none.
#define WEFT_OPEN_NFTABLES(name)                              \
    WEFT_ENTER_PRIVATE_NETNS();                               \
    Result<Nftables> name = Nftables::open();                 \
    if (!(name)) {                                            \
        GTEST_SKIP() << (name).error().message();             \
    }                                                         \
    if (run("nft list ruleset; echo \"= $?\"") != "= 0\n") {  \
        GTEST_SKIP() << "no nft command that can list rules"; \
    }                                                         \
    static_assert(true)

TEST(Nftables, MakesWhatNftLists) {
    WEFT_OPEN_NFTABLES(nftables);
    ASSERT_TRUE(nftables->apply(example(), Ownership::kShared));
    EXPECT_FALSE(nftables->owned());
    EXPECT_EQ(run("nft -s list ruleset"), kListing);
    // What nft lists it takes back: the same again.
    run("nft -s list ruleset > /tmp/weft-ruleset.$$ && nft flush ruleset && nft -f "
        "/tmp/weft-ruleset.$$; rm -f /tmp/weft-ruleset.$$");
    EXPECT_EQ(run("nft -s list ruleset"), kListing);
}

TEST(Nftables, ReplacesWhatIsThereAndRemovesAll) {
    WEFT_OPEN_NFTABLES(nftables);
    run("nft add table inet weft; nft add chain inet weft other; nft add table inet theirs");
    ASSERT_TRUE(nftables->apply(example(), Ownership::kShared));
    Ruleset less = example();
    less.pools.pop_back();
    less.lockdown = false;
    less.masquerade = false;
    less.mss_clamp = false;
    ASSERT_TRUE(nftables->apply(less, Ownership::kShared));
    EXPECT_EQ(run("nft list chains | grep -E 'chain (other|lockdown|leave|clamp_mss)'"), "");
    EXPECT_EQ(run("nft list set inet weft pool6 | grep elements"), "");
    ASSERT_TRUE(nftables->remove());
    EXPECT_EQ(run("nft list ruleset"), "table inet theirs {\n}\n");
    ASSERT_TRUE(nftables->remove());
}

TEST(Nftables, LocksDownWithoutAPool) {
    WEFT_OPEN_NFTABLES(nftables);
    Ruleset ruleset = example();
    ruleset.pools.clear();
    ASSERT_TRUE(nftables->apply(ruleset, Ownership::kShared));
    EXPECT_EQ(run("nft list ruleset | grep -c chain"), "1\n");
    EXPECT_EQ(run("nft list tables"), "table inet weft\n");
}

TEST(Nftables, LeadsTheTunnelPastConnectionTracking) {
    WEFT_OPEN_NFTABLES(nftables);
    Ruleset ruleset = example();
    ruleset.notrack = true;
    ASSERT_TRUE(nftables->apply(ruleset, Ownership::kShared));
    EXPECT_TRUE(nftables->lacking().empty());
    EXPECT_EQ(run("nft -s list chain inet weft untracked_in | grep notrack"),
              "udp dport 51840 fib daddr type local counter notrack comment \"the tunnel is no "
              "connection\"\n");
    EXPECT_EQ(run("nft -s list chain inet weft untracked_out | grep notrack"),
              "udp sport 51840 counter notrack comment \"the tunnel is no connection\"\n");
    run("ip link set lo up; bash -c 'echo x >/dev/udp/127.0.0.1/51840'");
    EXPECT_EQ(run("nft list chain inet weft untracked_in | grep -c 'packets 1 .*notrack'"), "1\n");
}

TEST(Nftables, OwnsItsTablesAsLongAsAnybodyHasItsSocket) {
    WEFT_OPEN_NFTABLES(nftables);
    ASSERT_TRUE(nftables->apply(example(), Ownership::kOurs));
    if (!nftables->owned()) {
        GTEST_SKIP() << "this kernel's tables have no lasting owner";
    }
    UniqueFd kept{::fcntl(nftables->fd(), F_DUPFD_CLOEXEC, 0)};
    const std::uint32_t port = nftables->port();
    nftables = Nftables::open();  // another socket
    ASSERT_TRUE(nftables);
    const std::string counting = "nft list chains | grep -c chain";
    const std::string chains = run(counting);
    run("nft flush ruleset");
    EXPECT_EQ(run(counting), chains);
    EXPECT_FALSE(nftables->apply(example(), Ownership::kOurs));
    nftables = Nftables::adopt(std::move(kept));
    ASSERT_TRUE(nftables) << nftables.error().message();
    EXPECT_EQ(nftables->port(), port);
    EXPECT_TRUE(nftables->apply(example(), Ownership::kOurs));
    EXPECT_TRUE(nftables->owned());
    run("nft flush ruleset");
    EXPECT_EQ(run(counting), chains);
    EXPECT_TRUE(nftables->remove());
}

TEST(Nftables, AdoptsNothingElse) {
    WEFT_OPEN_NFTABLES(nftables);
    EXPECT_FALSE(Nftables::adopt(UniqueFd{::open("/dev/null", O_RDONLY | O_CLOEXEC)}));
    EXPECT_FALSE(Nftables::adopt(UniqueFd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0)}));
    const test::PrivateNetns another;
    EXPECT_FALSE(Nftables::adopt(UniqueFd{::fcntl(nftables->fd(), F_DUPFD_CLOEXEC, 0)}));
}

TEST(Nftables, ChangesWhoIsAllowedAndNothingElse) {
    WEFT_OPEN_NFTABLES(nftables);
    Ruleset ruleset = example();
    ASSERT_TRUE(nftables->apply(ruleset, Ownership::kShared));
    const std::string handles = run("nft -a list chains");
    ruleset.allowed = {*net::Prefix::parse("0.0.0.0/0"), *net::Prefix::parse("2001:db8::/32")};
    ASSERT_TRUE(nftables->replace_allowed(ruleset));
    EXPECT_EQ(run("nft list set inet weft allowed4 | grep elements"), "elements = { 0.0.0.0/0 }\n");
    EXPECT_EQ(run("nft list set inet weft allowed6 | grep elements"),
              "elements = { 2001:db8::/32 }\n");
    ruleset.allowed.clear();
    for (unsigned i = 0; i < 1000; ++i) {  // several messages
        ruleset.allowed.push_back(*net::Prefix::parse("198." + std::to_string(i / 256) + "." +
                                                      std::to_string(i % 256) + ".7"));
    }
    ASSERT_TRUE(nftables->replace_allowed(ruleset));
    EXPECT_EQ(run("nft list set inet weft allowed4 | grep -o '198[.0-9]*' | wc -l"), "1000\n");
    ruleset.allowed.clear();
    ASSERT_TRUE(nftables->replace_allowed(ruleset));
    EXPECT_EQ(run("nft list set inet weft allowed4 | grep elements"), "");
    EXPECT_EQ(run("nft -a list chains"), handles);
}

TEST(Nftables, OwnsItsTablesWhereTheKernelHasThat) {
    WEFT_OPEN_NFTABLES(nftables);
    ASSERT_TRUE(nftables->apply(example(), Ownership::kOurs));
    if (!nftables->owned()) {
        GTEST_SKIP() << "this kernel's tables have no lasting owner (Linux 6.9)";
    }
    ASSERT_TRUE(nftables->apply(example(), Ownership::kOurs));
    run("nft flush ruleset; nft delete table inet weft; nft delete table arp weft");
    EXPECT_EQ(run("nft list tables"), "table inet weft\ntable arp weft\n");
    {
        Result<Nftables> other = Nftables::open();
        ASSERT_TRUE(other);
        EXPECT_EQ(other->apply(example(), Ownership::kOurs).error().code.value(), EPERM);
    }
    nftables = Nftables::open();  // as after kill -9
    EXPECT_EQ(run("nft list tables"), "table inet weft\ntable arp weft\n");
    ASSERT_TRUE(nftables->apply(example(), Ownership::kOurs));
    EXPECT_TRUE(nftables->owned());
    EXPECT_EQ(run("nft flush ruleset; nft list tables"), "table inet weft\ntable arp weft\n");
}

TEST(Nftables, CountsByReason) {
    WEFT_OPEN_NFTABLES(nftables);
    EXPECT_TRUE(nftables->drops()->empty());
    ASSERT_TRUE(nftables->apply(example(), Ownership::kShared));
    const DropCounts counts = *nftables->drops();
    EXPECT_EQ(counts.size(), 9U);
    EXPECT_EQ(counts.at("inbound"), 0U);
    // No route is needed: the packet is dropped where it would leave.
    run("ip link add other type veth peer name far; ip link set other up; ip link set far up; ip "
        "addr add 192.0.2.1/24 dev other; "
        "ip route add 10.32.0.0/12 via 192.0.2.9; ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 "
        "dev other; ping -c 2 -i 0.1 -W 1 10.32.0.5");
    EXPECT_GE(nftables->drops()->at("outbound"), 2U);
}

Probe from_container(const char* address) {
    Probe probe;
    probe.in = "wv0";
    probe.out = "weft0";
    probe.source = *net::IpAddress::parse(address);
    probe.destination = probe.source;
    probe.protocol = IPPROTO_TCP;
    probe.destination_port = 80;
    return probe;
}

TEST(Nftables, OpensOthersChainsAndClosesThem) {
    WEFT_OPEN_NFTABLES(nftables);
    run("nft 'table inet theirs { chain sub { drop; }; "
        "chain i { type filter hook input priority 0; policy drop; tcp dport 22 accept; }; "
        "chain o { type filter hook output priority 0; policy accept; }; "
        "chain f { type filter hook forward priority 0; policy accept; jump sub; }; }; "
        "table ip6 six { chain f { type filter hook forward priority 0; policy drop; }; }'");
    const std::string before = run("nft list ruleset");
    const std::vector<Probe> probes{
        to_our_port(), from_container("10.44.0.1"), from_container("fd44::1")};
    EXPECT_EQ(nftables->open_others(probes).value(), 3U);
    const std::string rule = "counter packets 0 bytes 0 accept comment \"" +
                             std::string{"weft: firewall.open_others"} + "\"\n";
    EXPECT_EQ(run("nft list chain inet theirs i | sed -n 4,5p"),
              "udp dport 51840 " + rule + "tcp dport 22 accept\n");
    EXPECT_EQ(run("nft list chain inet theirs f | sed -n 4,5p"),
              "iifname \"wv*\" " + rule + "jump sub\n");
    EXPECT_EQ(run("nft list chain ip6 six f | sed -n 4p"), "iifname \"wv*\" " + rule);
    EXPECT_EQ(nftables->open_others(probes).value(), 0U);  // nothing drops them any more
    for (const Probe& probe : probes) {
        EXPECT_TRUE(foreign_drops(probe)->empty());
    }
    EXPECT_TRUE(nftables->close_others());
    EXPECT_EQ(run("nft list ruleset"), before);
    EXPECT_TRUE(nftables->close_others());
}

/// What iptables-nft manages it goes on reading.
TEST(Nftables, AnOpeningIsNoHindranceToIptables) {
    WEFT_OPEN_NFTABLES(nftables);
    if (run("iptables-nft -w -P INPUT DROP; echo $?") != "0\n") {
        GTEST_SKIP() << "no iptables-nft here";
    }
    EXPECT_EQ(nftables->open_others(std::vector{to_our_port()}).value(), 1U);
    EXPECT_EQ(run("iptables-nft -w -A INPUT -p tcp --dport 22 -j ACCEPT; echo $?"), "0\n");
    EXPECT_EQ(run("iptables-nft -w -S INPUT | grep -v 51840"),
              "-P INPUT DROP\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n");
    EXPECT_EQ(run("iptables-nft -w -S INPUT | grep -c 51840"), "1\n");
    EXPECT_TRUE(nftables->close_others());
    EXPECT_EQ(run("iptables-nft -w -S INPUT | grep -c 51840"), "0\n");
}

TEST(Monitor, TellsForeignChangesFromOurs) {
    WEFT_OPEN_NFTABLES(nftables);
    Result<Monitor> monitor = Monitor::open();
    ASSERT_TRUE(monitor);
    ASSERT_TRUE(nftables->apply(example(), Ownership::kShared));
    /// What a command changes: "o" of ours, "t" of theirs.
    const auto changed_by = [&](const std::string& command) {
        run(command);
        const ForeignChanges changes = monitor->take_foreign_changes(nftables->port());
        return std::string{changes.ours ? "o" : ""} + (changes.theirs ? "t" : "");
    };
    EXPECT_EQ(changed_by("true"), "");
    EXPECT_EQ(changed_by("nft add table inet theirs; nft add table ip weft"), "t");
    EXPECT_EQ(changed_by("nft add set ip weft s '{ type ipv4_addr; }'"), "");
    EXPECT_EQ(changed_by("nft add element ip weft s '{ 192.0.2.1 }'"), "");
    EXPECT_EQ(changed_by("nft delete element inet weft pool6 { fd44::/48 }"), "o");
    EXPECT_EQ(changed_by("true"), "");
    EXPECT_EQ(changed_by("nft flush chain arp weft guard_in"), "o");
    EXPECT_EQ(changed_by("nft flush ruleset"), "ot");
}

}  // namespace
}  // namespace weft::firewall
