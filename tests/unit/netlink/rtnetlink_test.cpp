// SPDX-License-Identifier: Apache-2.0
// Rtnetlink against the real kernel: TUN devices in a private network namespace get addresses and
// routes, everything twice (idempotence), and conflicts name who is in the way.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>

#include <net/if.h>

#include <gtest/gtest.h>

#include <weft/netlink/route_monitor.hpp>
#include <weft/netlink/rtnetlink.hpp>
#include <weft/sys/tun.hpp>

#include "private_netns.hpp"

namespace weft::netlink {
namespace {

net::Prefix prefix(const char* text) {
    return *net::Prefix::parse(text);
}
net::IpAddress address(const char* text) {
    return *net::IpAddress::parse(text);
}

/// Links of this namespace get no address by themselves: the kernel has no news of its own then.
bool silence_ipv6() {
    std::ofstream file{"/proc/sys/net/ipv6/conf/default/addr_gen_mode"};
    file << 1 << std::flush;
    return file.good();
}

/// Two TUN devices, up, and a netlink socket in their namespace.
struct Bench {
    Bench()
        : silent(silence_ipv6()),
          one(sys::Tun::create("weft0", 1, {})),
          two(sys::Tun::create("weft1", 1, {})),
          netlink(Rtnetlink::open()) {}

    [[nodiscard]] bool ready() const { return silent && one && two && netlink; }
    bool up() {
        return netlink->configure_link(one->ifindex(), {}).has_value() &&
               netlink->configure_link(two->ifindex(), {}).has_value();
    }

    bool silent;
    Result<sys::Tun> one;
    Result<sys::Tun> two;
    Result<Rtnetlink> netlink;
};

#define WEFT_MAKE_BENCH(bench)                                         \
    WEFT_ENTER_PRIVATE_NETNS();                                        \
    Bench bench;                                                       \
    if (!bench.ready()) {                                              \
        GTEST_SKIP() << "no TUN device, no rtnetlink or no IPv6 here"; \
    }                                                                  \
    ASSERT_TRUE(bench.up());                                           \
    Rtnetlink& netlink = *bench.netlink;                               \
    [[maybe_unused]] const unsigned weft0 = bench.one->ifindex();      \
    [[maybe_unused]] const unsigned weft1 = bench.two->ifindex();      \
    static_assert(true)

template <class T>
bool holds(const std::vector<T>& all, const T& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

bool has_route(Rtnetlink& netlink, unsigned index, const net::Prefix& destination) {
    const auto routes = netlink.routes(index);
    return routes && std::any_of(routes->begin(), routes->end(), [&](const Route& route) {
               return route.destination == destination && route.interface == index;
           });
}

TEST(Rtnetlink, ConfiguresALink) {
    WEFT_MAKE_BENCH(bench);
    LinkSettings settings;
    settings.mtu = 1380;
    settings.tx_queue_length = 500;
    settings.gso_max_segments = 46;
    for (int i = 0; i < 2; ++i) {
        const Result<> done = netlink.configure_link(weft0, settings);
        ASSERT_TRUE(done) << done.error().message();
    }
    const auto links = netlink.links();
    ASSERT_TRUE(links);
    ASSERT_EQ(links->size(), 3U);
    for (const Link& link : *links) {
        EXPECT_EQ(link.is_loopback, link.name == "lo");
        EXPECT_TRUE(link.is_up);
        if (link.index == weft0) {
            EXPECT_EQ(link.name, "weft0");
            EXPECT_EQ(link.mtu, 1380U);
        }
    }
    settings.up = false;
    ASSERT_TRUE(netlink.configure_link(weft0, settings));
    const auto down = netlink.links();
    ASSERT_TRUE(down);
    for (const Link& link : *down) {
        EXPECT_EQ(link.is_up, link.index != weft0);
    }
}

TEST(Rtnetlink, ErrorsCarryTheKernelsWords) {
    WEFT_MAKE_BENCH(bench);
    LinkSettings settings;
    settings.mtu = 1000000;
    const Result<> done = netlink.configure_link(weft0, settings);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code.value(), EINVAL);
    EXPECT_NE(done.error().cause.find("mtu"), std::string::npos) << done.error().cause;
    EXPECT_EQ(netlink.configure_link(4711, {}).error().code.value(), ENODEV);
    EXPECT_FALSE(netlink.configure_link(0, {}));
}

TEST(Rtnetlink, AddressesComeAndGo) {
    WEFT_MAKE_BENCH(bench);
    for (const char* text : {"10.77.0.1/16", "fd77::1/64", "10.78.0.1", "fd78::1"}) {
        const net::Prefix ours = prefix(text);
        for (int i = 0; i < 2; ++i) {
            const Result<> added = netlink.add_address(weft0, ours);
            ASSERT_TRUE(added) << added.error().message();
        }
        auto there = netlink.addresses(weft0);
        ASSERT_TRUE(there);
        EXPECT_TRUE(holds(*there, ours)) << text;
        const auto other = netlink.addresses(weft1);
        ASSERT_TRUE(other);
        EXPECT_FALSE(holds(*other, ours));
        for (int i = 0; i < 2; ++i) {
            const Result<> removed = netlink.remove_address(weft0, ours);
            ASSERT_TRUE(removed) << removed.error().message();
        }
        there = netlink.addresses(weft0);
        ASSERT_TRUE(there);
        EXPECT_FALSE(holds(*there, ours));
    }
    EXPECT_TRUE(netlink.remove_address(4711, prefix("10.0.0.1/8")));
    EXPECT_FALSE(netlink.add_address(4711, prefix("10.0.0.1/8")));
}

TEST(Rtnetlink, RoutesComeAndGo) {
    WEFT_MAKE_BENCH(bench);
    ASSERT_TRUE(netlink.add_address(weft0, prefix("10.77.0.1")));
    for (const char* text : {"10.80.0.0/16", "fd80::/48", "0.0.0.0/0", "::/0", "192.0.2.7"}) {
        Route route;
        route.destination = prefix(text);
        route.interface = weft0;
        for (int i = 0; i < 2; ++i) {
            const Result<> added = netlink.add_route(route);
            ASSERT_TRUE(added) << text << ": " << added.error().message();
        }
        EXPECT_TRUE(has_route(netlink, weft0, route.destination)) << text;
        EXPECT_FALSE(has_route(netlink, weft1, route.destination)) << text;
        for (int i = 0; i < 2; ++i) {
            const Result<> removed = netlink.remove_route(route);
            ASSERT_TRUE(removed) << text << ": " << removed.error().message();
        }
        EXPECT_FALSE(has_route(netlink, weft0, route.destination)) << text;
    }
    EXPECT_TRUE(netlink.routes(weft0)->empty());
}

TEST(Rtnetlink, RouteKeepsItsSourceAndMasksItsDestination) {
    WEFT_MAKE_BENCH(bench);
    ASSERT_TRUE(netlink.add_address(weft0, prefix("10.77.0.1")));
    Route route;
    route.destination = prefix("10.80.3.4/16");
    route.interface = weft0;
    route.source = address("10.77.0.1");
    const Result<> added = netlink.add_route(route);
    ASSERT_TRUE(added) << added.error().message();
    const auto routes = netlink.routes(weft0);
    ASSERT_TRUE(routes);
    ASSERT_EQ(routes->size(), 1U);
    EXPECT_EQ(routes->front().destination, prefix("10.80.0.0/16"));
    EXPECT_EQ(routes->front().source, route.source);
    EXPECT_EQ(routes->front().protocol, kRouteProtocol);
}

TEST(Rtnetlink, ARouteHasAnMtuAndLosesItAgain) {
    WEFT_MAKE_BENCH(bench);
    for (const char* text : {"10.80.0.0/16", "fd80::/48"}) {
        Route route;
        route.destination = prefix(text);
        route.interface = weft0;
        route.mtu = 1328;
        ASSERT_TRUE(netlink.add_route(route));
        for (const std::uint32_t mtu : {1328U, 1360U, 0U}) {
            route.mtu = mtu;
            ASSERT_TRUE(netlink.replace_route(route));
            const auto routes = netlink.routes(weft0);
            ASSERT_TRUE(routes);
            ASSERT_EQ(routes->size(), 1U);
            EXPECT_EQ(routes->front().mtu, mtu) << text;
        }
        ASSERT_TRUE(netlink.remove_route(route));
    }
}

TEST(Rtnetlink, AConflictNamesTheOtherInterface) {
    WEFT_MAKE_BENCH(bench);
    for (const char* text : {"10.80.0.0/16", "fd80::/48"}) {
        Route theirs;
        theirs.destination = prefix(text);
        theirs.interface = weft1;
        ASSERT_TRUE(netlink.add_route(theirs));
        Route ours = theirs;
        ours.interface = weft0;
        const Result<> added = netlink.add_route(ours);
        ASSERT_FALSE(added) << text;
        EXPECT_EQ(added.error().code.value(), EEXIST);
        EXPECT_NE(added.error().cause.find("weft1"), std::string::npos) << added.error().cause;
        EXPECT_FALSE(added.error().remedy.empty());
    }
}

TEST(Rtnetlink, TheKernelsOwnRouteIsLeftAlone) {
    WEFT_MAKE_BENCH(bench);
    ASSERT_TRUE(netlink.add_address(weft0, prefix("10.77.0.1/16")));
    Route route;
    route.destination = prefix("10.77.0.0/16");
    route.interface = weft0;
    EXPECT_TRUE(netlink.add_route(route));        // there already, by the right interface
    EXPECT_TRUE(netlink.routes(weft0)->empty());  // but the kernel's
    EXPECT_TRUE(netlink.remove_route(route));     // not ours: nothing happens
    const auto towards = netlink.interface_towards(address("10.77.1.1"));
    ASSERT_TRUE(towards);
    EXPECT_EQ(*towards, weft0);
}

TEST(Rtnetlink, FindsTheWay) {
    WEFT_MAKE_BENCH(bench);
    EXPECT_FALSE(netlink.interface_towards(address("192.0.2.1")));
    EXPECT_FALSE(netlink.interface_towards(address("2001:db8::1")));
    Route route;
    route.destination = prefix("0.0.0.0/0");
    route.interface = weft1;
    ASSERT_TRUE(netlink.add_route(route));
    route.destination = prefix("::/0");
    ASSERT_TRUE(netlink.add_route(route));
    EXPECT_EQ(netlink.interface_towards(address("192.0.2.1")).value(), weft1);
    EXPECT_EQ(netlink.interface_towards(address("2001:db8::1")).value(), weft1);
    EXPECT_EQ(netlink.interface_towards(address("127.0.0.1")).value(), ::if_nametoindex("lo"));
}

TEST(Rtnetlink, FindsTheWayFromASourceAndOnlyFromItsOwn) {
    WEFT_MAKE_BENCH(bench);
    ASSERT_TRUE(netlink.add_address(weft0, prefix("10.77.0.1")));
    ASSERT_TRUE(netlink.add_address(weft0, prefix("fd77::1")));
    Route route;
    route.interface = weft1;
    for (const char* text : {"0.0.0.0/0", "::/0"}) {
        route.destination = prefix(text);
        ASSERT_TRUE(netlink.add_route(route));
    }
    constexpr std::uint32_t kMark = 7;
    EXPECT_EQ(netlink.interface_towards(address("192.0.2.1"), address("10.77.0.1"), kMark).value(),
              weft1);
    EXPECT_EQ(netlink.interface_towards(address("2001:db8::1"), address("fd77::1")).value(), weft1);
    EXPECT_FALSE(netlink.interface_towards(address("192.0.2.1"), address("10.77.0.2")));
}

TEST(RouteMonitor, TellsOnceOfEachKindOfChange) {
    WEFT_MAKE_BENCH(bench);
    Result<RouteMonitor> monitor = RouteMonitor::open();
    ASSERT_TRUE(monitor);
    EXPECT_FALSE(monitor->take_changes());
    ASSERT_TRUE(netlink.add_address(weft0, prefix("10.77.0.1")));
    EXPECT_TRUE(monitor->take_changes());
    EXPECT_FALSE(monitor->take_changes());
    Route route;
    route.interface = weft0;
    for (const char* text : {"10.80.0.0/16", "fd80::/48"}) {
        route.destination = prefix(text);
        ASSERT_TRUE(netlink.add_route(route));
        EXPECT_TRUE(monitor->take_changes()) << text;
        ASSERT_TRUE(netlink.remove_route(route));
        EXPECT_TRUE(monitor->take_changes()) << text;
        EXPECT_FALSE(monitor->take_changes()) << text;
    }
    LinkSettings down;
    down.up = false;
    ASSERT_TRUE(netlink.configure_link(weft1, down));
    EXPECT_TRUE(monitor->take_changes());
}

/// What `ip rule` of both families says of a preference.
std::string rules_at(unsigned preference) {
    const std::string list = "rule list pref " + std::to_string(preference);
    std::FILE* const pipe = ::popen(("ip " + list + "; ip -6 " + list).c_str(), "r");
    std::string text;
    for (int c = 0; pipe != nullptr && (c = std::fgetc(pipe)) != EOF;) {
        text += static_cast<char>(c);
    }
    ::pclose(pipe);
    return text;
}

TEST(Rtnetlink, RulesLeadThePoolIntoItsTable) {
    WEFT_MAKE_BENCH(bench);
    constexpr std::uint32_t kTable = 51840;
    const Rule hosts{prefix("10.32.0.0/12"), 5179, kMainTable, 31};
    const Rule pool4{prefix("10.32.0.0/12"), 5180, kTable, {}};
    const Rule pool6{prefix("fd44::/48"), 5180, kTable, {}};
    for (int i = 0; i < 2; ++i) {
        for (const Rule& rule : {hosts, pool4, pool6}) {
            ASSERT_TRUE(netlink.add_rule(rule));
        }
    }
    EXPECT_EQ(netlink.rules().value(), (std::vector<Rule>{hosts, pool4, pool6}));
    EXPECT_EQ(rules_at(5179),
              "5179:\tfrom all to 10.32.0.0/12 lookup main suppress_prefixlength 31 proto 87\n");
    EXPECT_EQ(rules_at(5180),
              "5180:\tfrom all to 10.32.0.0/12 lookup 51840 proto 87\n"
              "5180:\tfrom all to fd44::/48 lookup 51840 proto 87\n");
    Route nowhere;
    nowhere.destination = prefix("0.0.0.0/0");
    nowhere.table = kTable;
    ASSERT_TRUE(netlink.add_route(nowhere));
    ASSERT_TRUE(netlink.add_route(nowhere));
    EXPECT_FALSE(netlink.interface_towards(address("10.32.0.7")));
    Route route;
    route.destination = prefix("10.32.0.0/12");
    route.interface = weft0;
    route.table = kTable;
    ASSERT_TRUE(netlink.add_route(route));
    EXPECT_EQ(netlink.interface_towards(address("10.32.0.7")).value(), weft0);
    route = {};
    route.destination = prefix("10.32.0.0/24");  // of the main table: no host's, so it is nobody's
    route.interface = weft1;
    ASSERT_TRUE(netlink.add_route(route));
    EXPECT_EQ(netlink.interface_towards(address("10.32.0.7")).value(), weft0);
    route.destination = prefix("10.32.0.7/32");
    ASSERT_TRUE(netlink.add_route(route));
    EXPECT_EQ(netlink.interface_towards(address("10.32.0.7")).value(), weft1);
    EXPECT_EQ(netlink.routes(kAnyInterface, kTable)->size(), 2U);
    EXPECT_EQ(netlink.routes(weft1)->size(), 2U);
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(netlink.remove_route(nowhere));
        for (const Rule& rule : {hosts, pool4, pool6}) {
            ASSERT_TRUE(netlink.remove_rule(rule));
        }
    }
    EXPECT_EQ(rules_at(5179) + rules_at(5180), "");
    EXPECT_EQ(netlink.routes(kAnyInterface, kTable)->size(), 1U);
}

TEST(RouteMonitor, TellsLossesOfOursFromOthers) {
    WEFT_MAKE_BENCH(bench);
    Result<RouteMonitor> monitor = RouteMonitor::open();
    ASSERT_TRUE(monitor);
    Route route;
    route.destination = prefix("10.80.0.0/16");
    route.interface = weft0;
    const Rule rule{prefix("10.80.0.0/16"), 5180, 51840, {}};
    ASSERT_TRUE(netlink.add_route(route));
    ASSERT_TRUE(netlink.add_rule(rule));
    ASSERT_TRUE(netlink.add_address(weft0, prefix("10.77.0.1")));
    ASSERT_TRUE(netlink.add_address(weft1, prefix("10.78.0.1")));
    EXPECT_FALSE(monitor->take_losses(weft0));
    ASSERT_TRUE(netlink.remove_address(weft1, prefix("10.78.0.1")));
    EXPECT_FALSE(monitor->take_losses(weft0));
    ASSERT_TRUE(netlink.remove_route(route));
    EXPECT_TRUE(monitor->take_losses(weft0));
    ASSERT_TRUE(netlink.remove_rule(rule));
    EXPECT_TRUE(monitor->take_losses(weft0));
    ASSERT_TRUE(netlink.remove_address(weft0, prefix("10.77.0.1")));
    EXPECT_TRUE(monitor->take_losses(weft0));
    EXPECT_FALSE(monitor->take_losses(weft0));
    for (const char* text : {"10.80.0.7/32", "fd80::7/128"}) {  // as a container goes
        Route container;
        container.destination = prefix(text);
        container.interface = weft1;
        ASSERT_TRUE(netlink.add_route(container));
        ASSERT_TRUE(netlink.remove_route(container));
        EXPECT_FALSE(monitor->take_losses(weft0)) << text;
        container.table = rule.table;  // nobody's but ours
        ASSERT_TRUE(netlink.add_route(container));
        ASSERT_TRUE(netlink.remove_route(container));
        EXPECT_TRUE(monitor->take_losses(weft0)) << text;
    }
    LinkSettings down;
    down.up = false;
    ASSERT_TRUE(netlink.configure_link(weft0, down));
    ASSERT_TRUE(netlink.configure_link(weft1, {}));
    static_cast<void>(monitor->take_losses(weft0));
    ASSERT_TRUE(netlink.configure_link(weft0, {}));
    EXPECT_TRUE(monitor->take_losses(weft0));
}

TEST(RouteMonitor, TooManyChangesAreAChangeAndThenOver) {
    WEFT_MAKE_BENCH(bench);
    Result<RouteMonitor> monitor = RouteMonitor::open();
    ASSERT_TRUE(monitor);
    Route route;
    route.interface = weft0;
    for (unsigned i = 0; i < 4000; ++i) {  // a socket holds some hundreds
        const ByteArray<4> bytes{std::byte{10},
                                 std::byte{80},
                                 static_cast<std::byte>(i / 256),
                                 static_cast<std::byte>(i % 256)};
        route.destination = {net::IpAddress{std::span<const std::byte, 4>{bytes}}, 32};
        ASSERT_TRUE(netlink.add_route(route));
    }
    EXPECT_TRUE(monitor->take_changes());
    EXPECT_FALSE(monitor->take_changes());
}

TEST(Rtnetlink, ReadsLargeTables) {
    WEFT_MAKE_BENCH(bench);
    Route route;
    route.interface = weft0;
    for (unsigned i = 0; i < 3000; ++i) {
        const ByteArray<4> bytes = {std::byte{10}, std::byte(i >> 8), std::byte(i & 0xff), {}};
        route.destination = {net::IpAddress{std::span<const std::byte, 4>{bytes}}, 24};
        ASSERT_TRUE(netlink.add_route(route));
    }
    EXPECT_EQ(netlink.routes(weft0)->size(), 3000U);
    EXPECT_TRUE(netlink.routes(weft1)->empty());
}

}  // namespace
}  // namespace weft::netlink
