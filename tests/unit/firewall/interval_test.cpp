// SPDX-License-Identifier: Apache-2.0
// Intervals: what overlaps, touches, ends at the last address.
#include <gtest/gtest.h>

#include <weft/firewall/interval.hpp>

namespace weft::firewall {
namespace {

std::vector<net::Prefix> prefixes(std::initializer_list<const char*> texts) {
    std::vector<net::Prefix> out;
    for (const char* text : texts) {
        out.push_back(*net::Prefix::parse(text));
    }
    return out;
}

std::string text_of(const std::vector<Interval>& intervals) {
    std::string out;
    for (const Interval& each : intervals) {
        out += (out.empty() ? "" : " ") + each.first.to_string() + "-" + each.last.to_string();
    }
    return out;
}

std::string v4(std::initializer_list<const char*> texts) {
    return text_of(intervals_of(prefixes(texts), net::Family::kIpv4));
}
std::string v6(std::initializer_list<const char*> texts) {
    return text_of(intervals_of(prefixes(texts), net::Family::kIpv6));
}

TEST(Interval, IsAPrefixFromItsFirstAddressToItsLast) {
    EXPECT_EQ(v4({}), "");
    EXPECT_EQ(v4({"10.0.0.0/12"}), "10.0.0.0-10.15.255.255");
    EXPECT_EQ(v4({"10.1.2.3/8"}), "10.0.0.0-10.255.255.255");
    EXPECT_EQ(v4({"192.0.2.7"}), "192.0.2.7-192.0.2.7");
    EXPECT_EQ(v6({"fd44::/48"}), "fd44::-fd44::ffff:ffff:ffff:ffff:ffff");
    EXPECT_EQ(v4({"fd44::/48"}), "");
    EXPECT_EQ(v6({"10.0.0.0/8"}), "");
}

TEST(Interval, IsOneOfWhatOverlapsOrTouches) {
    EXPECT_EQ(v4({"10.0.1.0/24", "10.0.0.0/24"}), "10.0.0.0-10.0.1.255");
    EXPECT_EQ(v4({"10.0.0.0/16", "10.0.7.0/24", "10.0.0.1"}), "10.0.0.0-10.0.255.255");
    EXPECT_EQ(v4({"10.0.0.0/24", "10.0.2.0/24"}), "10.0.0.0-10.0.0.255 10.0.2.0-10.0.2.255");
    EXPECT_EQ(v4({"10.0.0.0/24", "10.0.0.0/24"}), "10.0.0.0-10.0.0.255");
    EXPECT_EQ(v6({"fd00::/8", "fc00::/8"}), "fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(Interval, ReachesTheLastAddress) {
    EXPECT_EQ(v4({"0.0.0.0/0"}), "0.0.0.0-255.255.255.255");
    EXPECT_EQ(v4({"0.0.0.0/0", "255.255.255.255"}), "0.0.0.0-255.255.255.255");
    EXPECT_EQ(v4({"255.255.255.255", "255.255.255.254"}), "255.255.255.254-255.255.255.255");
    EXPECT_EQ(v6({"::/0"}), "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    EXPECT_FALSE(next_address(*net::IpAddress::parse("255.255.255.255")));
    EXPECT_FALSE(next_address(*net::IpAddress::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
    EXPECT_EQ(*next_address(*net::IpAddress::parse("10.0.255.255")),
              *net::IpAddress::parse("10.1.0.0"));
    EXPECT_EQ(*next_address(*net::IpAddress::parse("fd00::ffff")),
              *net::IpAddress::parse("fd00::1:0"));
}

TEST(Interval, HasHoles) {
    const auto rest = [](std::initializer_list<const char*> from,
                         std::initializer_list<const char*> taken) {
        return text_of(without(intervals_of(prefixes(from), net::Family::kIpv4),
                               intervals_of(prefixes(taken), net::Family::kIpv4)));
    };
    EXPECT_EQ(rest({"10.0.0.0/24"}, {}), "10.0.0.0-10.0.0.255");
    EXPECT_EQ(rest({"10.0.0.0/24"}, {"10.0.0.0/16"}), "");
    EXPECT_EQ(rest({"10.0.0.0/24"}, {"10.0.0.53"}), "10.0.0.0-10.0.0.52 10.0.0.54-10.0.0.255");
    EXPECT_EQ(rest({"10.0.0.0/24"}, {"10.0.0.0", "10.0.0.255"}), "10.0.0.1-10.0.0.254");
    EXPECT_EQ(rest({"0.0.0.0/0"}, {"255.255.255.255", "0.0.0.0/1"}), "128.0.0.0-255.255.255.254");
    EXPECT_EQ(rest({"10.0.0.0/24", "10.0.9.0/24"}, {"10.0.0.128/25", "10.0.9.0/25"}),
              "10.0.0.0-10.0.0.127 10.0.9.128-10.0.9.255");
}

// The slow twin: address by address in a /24 and its neighbours.
TEST(Interval, HoldsWhatSomePrefixHolds) {
    const auto from = prefixes({"10.0.0.7", "10.0.0.16/28", "10.0.0.32/27", "10.0.0.200/29"});
    const auto taken = prefixes({"10.0.0.20/30", "10.0.0.63", "10.0.0.0/29"});
    const auto rest =
        without(intervals_of(from, net::Family::kIpv4), intervals_of(taken, net::Family::kIpv4));
    const auto any = [](const std::vector<net::Prefix>& list, const net::IpAddress& address) {
        return std::any_of(list.begin(), list.end(), [&](const net::Prefix& prefix) {
            return prefix.contains(address);
        });
    };
    for (unsigned last = 0; last < 256; ++last) {
        const auto address = *net::IpAddress::parse("10.0.0." + std::to_string(last));
        const bool held = std::any_of(rest.begin(), rest.end(), [&](const Interval& each) {
            return each.first <= address && address <= each.last;
        });
        EXPECT_EQ(held, any(from, address) && !any(taken, address)) << address.to_string();
    }
}

}  // namespace
}  // namespace weft::firewall
