// SPDX-License-Identifier: Apache-2.0
// Veth pairs across two namespaces of the test's own: made, found, in the way of each other, routes
// with a gateway, and gone with one request.
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <weft/netlink/rtnetlink.hpp>

#include "private_netns.hpp"

namespace weft::netlink {
namespace {

UniqueFd own_netns() {
    return UniqueFd{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
}

TEST(Veth, is_made_found_used_and_removed) {
    const test::PrivateNetns outer;
    if (!outer.inside()) {
        GTEST_SKIP() << outer.reason();
    }
    auto host = Rtnetlink::open();
    ASSERT_TRUE(host);
    UniqueFd inner_fd;
    Result<Rtnetlink> inner = invalid("not yet");
    {
        const test::PrivateNetns inside;
        ASSERT_TRUE(inside.inside());
        inner_fd = own_netns();
        inner = Rtnetlink::open();
    }
    ASSERT_TRUE(inner);
    const MacAddress mac{
        std::byte{2}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{7}};
    const VethPair pair{"wv0123456789ab", "eth0", inner_fd.get(), 1420, mac};
    const Result<> added = host->add_veth(pair);
    ASSERT_TRUE(added) << added.error().message();
    EXPECT_EQ(host->add_veth(pair).error().code.value(), EEXIST);

    const auto near = host->find_link(pair.name);
    const auto far = inner->find_link("eth0");
    ASSERT_TRUE(near && *near && far && *far);
    EXPECT_EQ((*far)->mac, mac);
    EXPECT_EQ((*far)->mtu, 1420U);
    EXPECT_NE((*near)->mac, MacAddress{});
    EXPECT_FALSE((*near)->is_up);

    const auto gateway = *net::IpAddress::parse("10.44.0.1");
    const net::Prefix everything{net::IpAddress{}, 0};
    ASSERT_TRUE(inner->configure_link((*far)->index, {}));
    ASSERT_TRUE(inner->add_route({net::Prefix::host(gateway), (*far)->index}));
    const Route way_out{everything, (*far)->index, {}, kRouteProtocol, gateway};
    for (int i = 0; i < 2; ++i) {
        const Result<> routed = inner->add_route(way_out);
        ASSERT_TRUE(routed) << routed.error().message();
    }
    const auto routes = inner->routes((*far)->index);
    ASSERT_TRUE(routes);
    ASSERT_EQ(routes->size(), 2U);
    EXPECT_TRUE((*routes)[0].gateway == gateway || (*routes)[1].gateway == gateway);

    const auto removed = host->remove_link(pair.name);
    ASSERT_TRUE(removed);
    EXPECT_TRUE(*removed);
    EXPECT_FALSE(*host->remove_link(pair.name));
    EXPECT_FALSE(host->find_link(pair.name)->has_value());
}

TEST(Veth, names_that_no_interface_has_are_refused) {
    auto netlink = Rtnetlink::open();
    ASSERT_TRUE(netlink);
    for (const char* name : {"", "a-name-of-sixteen"}) {
        EXPECT_FALSE(netlink->find_link(name));
        EXPECT_FALSE(netlink->remove_link(name));
        EXPECT_FALSE(netlink->add_veth({name, "eth0", -1, 1420, {}}));
    }
}

}  // namespace
}  // namespace weft::netlink
