// SPDX-License-Identifier: Apache-2.0
// Addresses, prefixes and endpoints: text in, text out, and what is refused.
#include <gtest/gtest.h>

#include <weft/net/address.hpp>

#include "hex.hpp"

namespace weft::net {
namespace {

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}
Prefix prefix(std::string_view text) {
    return Prefix::parse(text).value();
}

// ---- addresses ----------------------------------------------------------------------------------

TEST(IpAddress, KeepsIpv4InFourBytesOfNetworkOrder) {
    const IpAddress address = ip("192.0.2.1");
    EXPECT_TRUE(address.is_v4());
    EXPECT_EQ(to_hex(address.bytes()), "c0000201");
    EXPECT_EQ(address.bits(), 32);
    EXPECT_EQ(address.to_string(), "192.0.2.1");
    const auto bytes = test::unhex_array<4>("c0000201");
    EXPECT_EQ(IpAddress{std::span{bytes}}, address);
}

TEST(IpAddress, KeepsIpv6InSixteenBytesOfNetworkOrder) {
    const IpAddress address = ip("2001:db8::1");
    EXPECT_FALSE(address.is_v4());
    EXPECT_EQ(to_hex(address.bytes()), "20010db8000000000000000000000001");
    EXPECT_EQ(address.bits(), 128);
    const auto bytes = test::unhex_array<16>("20010db8000000000000000000000001");
    EXPECT_EQ(IpAddress{std::span{bytes}}, address);
}

TEST(IpAddress, PrintsTheShortForm) {
    EXPECT_EQ(ip("2001:0db8:0:0:0:0:0:0001").to_string(), "2001:db8::1");
    EXPECT_EQ(ip("2001:DB8:0:1:1:1:1:1").to_string(), "2001:db8:0:1:1:1:1:1");
    EXPECT_EQ(ip("0:0:0:0:0:0:0:0").to_string(), "::");
    EXPECT_EQ(ip("1:0:0:2:0:0:0:3").to_string(), "1:0:0:2::3");
    EXPECT_EQ(ip("::ffff:192.0.2.1").to_string(), "::ffff:192.0.2.1");
    EXPECT_EQ(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").to_string(),
              "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(IpAddress, RefusesWhatIsNotOneAddress) {
    using std::string_view_literals::operator""sv;
    for (const std::string_view text : {""sv,
                                        " "sv,
                                        "1.2.3"sv,
                                        "1.2.3.4.5"sv,
                                        "1.2.3.256"sv,
                                        "01.2.3.4"sv,
                                        "0x1.2.3.4"sv,
                                        "1.2.3.4 "sv,
                                        " 1.2.3.4"sv,
                                        "1.2.3.4\0"sv,
                                        "::\0"sv,
                                        "1.2.3.4\n"sv,
                                        "16909060"sv,
                                        "localhost"sv,
                                        ":"sv,
                                        ":::"sv,
                                        "1::2::3"sv,
                                        "1:2:3:4:5:6:7"sv,
                                        "1:2:3:4:5:6:7:8:9"sv,
                                        "12345::"sv,
                                        "g::"sv,
                                        "[::1]"sv,
                                        "fe80::1%eth0"sv,
                                        "fe80::1%1"sv,
                                        "::1/128"sv,
                                        "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555"sv,
                                        "00000000000000000000000000000000000000000000000001"sv}) {
        EXPECT_FALSE(IpAddress::parse(text)) << text;
    }
}

TEST(IpAddress, KnowsTheSpecialRanges) {
    for (const auto* text : {"0.0.0.0", "::"}) {
        EXPECT_TRUE(ip(text).is_unspecified()) << text;
    }
    for (const auto* text : {"127.0.0.1", "127.255.255.255", "::1"}) {
        EXPECT_TRUE(ip(text).is_loopback()) << text;
    }
    for (const auto* text : {"169.254.0.1", "169.254.255.255", "fe80::1", "febf::1"}) {
        EXPECT_TRUE(ip(text).is_link_local()) << text;
    }
    for (const auto* text : {"224.0.0.1", "239.255.255.255", "ff02::1"}) {
        EXPECT_TRUE(ip(text).is_multicast()) << text;
    }
    for (const auto* text : {"126.0.0.1",
                             "128.0.0.1",
                             "169.253.0.1",
                             "169.255.0.1",
                             "223.255.255.255",
                             "240.0.0.1",
                             "255.255.255.255",
                             "::2",
                             "1::1",
                             "fe7f::1",
                             "fec0::1",
                             "feff::1",
                             "fd00::1",
                             "7f00::1"}) {
        const IpAddress address = ip(text);
        EXPECT_FALSE(address.is_unspecified() || address.is_loopback() || address.is_link_local() ||
                     address.is_multicast())
            << text;
    }
}

TEST(IpAddress, OrdersByFamilyThenBytes) {
    EXPECT_LT(ip("9.0.0.0"), ip("10.0.0.0"));
    EXPECT_LT(ip("255.255.255.255"), ip("::"));
    EXPECT_LT(ip("::9"), ip("::a"));
    EXPECT_NE(IpAddress::unspecified(Family::kIpv4), IpAddress::unspecified(Family::kIpv6));
    EXPECT_EQ(IpAddress{}, ip("0.0.0.0"));
}

// ---- prefixes -----------------------------------------------------------------------------------

TEST(Prefix, ReadsAnAddressAloneAsAHost) {
    EXPECT_EQ(prefix("10.0.0.1"), (Prefix{ip("10.0.0.1"), 32}));
    EXPECT_EQ(prefix("::1"), (Prefix{ip("::1"), 128}));
    EXPECT_EQ(Prefix::host(ip("::1")), prefix("::1/128"));
}

TEST(Prefix, KeepsHostBitsUntilMasked) {
    const Prefix one = prefix("10.1.2.3/20");
    EXPECT_EQ(one.to_string(), "10.1.2.3/20");
    EXPECT_EQ(one.masked().to_string(), "10.1.0.0/20");
    EXPECT_EQ(prefix("255.255.255.255/0").masked().to_string(), "0.0.0.0/0");
    EXPECT_EQ(prefix("10.1.2.3/32").masked().to_string(), "10.1.2.3/32");
    EXPECT_EQ(prefix("255.255.255.255/31").masked().to_string(), "255.255.255.254/31");
    EXPECT_EQ(prefix("ffff::ffff/1").masked().to_string(), "8000::/1");
    EXPECT_EQ(prefix("2001:db8::ffff/113").masked().to_string(), "2001:db8::8000/113");
    EXPECT_EQ(prefix("2001:db8::1/128").masked().to_string(), "2001:db8::1/128");
}

TEST(Prefix, RefusesBadLengths) {
    for (const auto* text : {"10.0.0.0/",
                             "10.0.0.0/33",
                             "10.0.0.0/-1",
                             "10.0.0.0/+8",
                             "10.0.0.0/08",
                             "10.0.0.0/8 ",
                             "10.0.0.0/ 8",
                             "10.0.0.0/256",
                             "10.0.0.0/264",
                             "10.0.0.0/8/8",
                             "10.0.0.0/255.0.0.0",
                             "::/129",
                             "::/00",
                             "/8",
                             "",
                             "10.0.0/8",
                             "10.0.0.0/x"}) {
        EXPECT_FALSE(Prefix::parse(text)) << text;
    }
    EXPECT_TRUE(Prefix::parse("0.0.0.0/0"));
    EXPECT_TRUE(Prefix::parse("::/0"));
    EXPECT_TRUE(Prefix::parse("::/128"));
}

TEST(Prefix, ContainsWhatSharesItsFirstBits) {
    EXPECT_TRUE(prefix("10.1.0.0/20").contains(ip("10.1.15.255")));
    EXPECT_FALSE(prefix("10.1.0.0/20").contains(ip("10.1.16.0")));
    EXPECT_TRUE(prefix("10.1.7.7/20").contains(ip("10.1.0.0"))) << "host bits do not count";
    EXPECT_TRUE(prefix("0.0.0.0/0").contains(ip("255.255.255.255")));
    EXPECT_FALSE(prefix("0.0.0.0/0").contains(ip("::1"))) << "another family";
    EXPECT_FALSE(prefix("::/0").contains(ip("0.0.0.0")));
    EXPECT_TRUE(prefix("::/0").contains(ip("ffff::")));
    EXPECT_TRUE(prefix("10.0.0.1/32").contains(ip("10.0.0.1")));
    EXPECT_FALSE(prefix("10.0.0.1/32").contains(ip("10.0.0.0")));
    EXPECT_FALSE(prefix("2001:db8::/127").contains(ip("2001:db8::2")));
}

TEST(Prefix, OverlapsWhenEitherHoldsTheOther) {
    EXPECT_TRUE(prefix("10.0.0.0/8").overlaps(prefix("10.1.0.0/16")));
    EXPECT_TRUE(prefix("10.1.0.0/16").overlaps(prefix("10.0.0.0/8")));
    EXPECT_TRUE(prefix("10.1.0.0/16").overlaps(prefix("10.1.0.0/16")));
    EXPECT_FALSE(prefix("10.1.0.0/16").overlaps(prefix("10.2.0.0/16")));
    EXPECT_FALSE(prefix("0.0.0.0/0").overlaps(prefix("::/0")));
}

// ---- endpoints ----------------------------------------------------------------------------------

TEST(Endpoint, RoundTripsItsText) {
    for (const auto* text : {"192.0.2.1:51840", "[2001:db8::1]:51840", "[::]:65535", "0.0.0.0:1"}) {
        const auto endpoint = Endpoint::parse(text);
        ASSERT_TRUE(endpoint) << text;
        EXPECT_EQ(endpoint->to_string(), text);
        EXPECT_EQ(endpoint->scope_id, 0u);
    }
}

TEST(Endpoint, PrintsTheScopeOfALinkLocalAddress) {
    EXPECT_EQ((Endpoint{ip("fe80::1"), 51840, 3}.to_string()), "[fe80::1%3]:51840");
}

TEST(Endpoint, IsValidWithAnAddressAndAPort) {
    EXPECT_TRUE(Endpoint::parse("192.0.2.1:1")->valid());
    EXPECT_FALSE(Endpoint::parse("192.0.2.1:0")->valid());
    EXPECT_FALSE(Endpoint::parse("0.0.0.0:1")->valid());
    EXPECT_FALSE(Endpoint::parse("[::]:1")->valid());
    EXPECT_FALSE(Endpoint{}.valid());
}

TEST(Endpoint, RefusesWhatIsNotAnAddressAndAPort) {
    for (const auto* text : {"",
                             ":",
                             "192.0.2.1",
                             "192.0.2.1:",
                             "192.0.2.1:65536",
                             "192.0.2.1:-1",
                             "192.0.2.1:+1",
                             "192.0.2.1:01",
                             "192.0.2.1: 1",
                             "192.0.2.1:1 ",
                             "192.0.2.1:1:1",
                             "[192.0.2.1]:1",
                             "2001:db8::1:51840",
                             "[2001:db8::1]",
                             "[2001:db8::1]51840",
                             "[2001:db8::1:51840",
                             "2001:db8::1]:51840",
                             "[]:1",
                             "[[::1]]:1",
                             "[fe80::1%3]:1",
                             "[fe80::1%eth0]:1",
                             "host.example:1",
                             ":51840",
                             "192.0.2.1:99999999999999999999"}) {
        EXPECT_FALSE(Endpoint::parse(text)) << text;
    }
}

TEST(Prefix, FirstHostIsTheAddressAfterItsOwn) {
    const auto first_host = [](std::string_view text) {
        return Prefix::parse(text)->first_host().to_string();
    };
    EXPECT_EQ(first_host("10.16.7.0/24"), "10.16.7.1");
    EXPECT_EQ(first_host("10.16.7.9/24"), "10.16.7.1");
    EXPECT_EQ(first_host("fd01:2:3:4::/64"), "fd01:2:3:4::1");
    EXPECT_EQ(first_host("10.16.7.9/32"), "10.16.7.9");
}

TEST(Prefix, ContainsPrefixesThatAreNoWider) {
    const auto contains = [](std::string_view outer, std::string_view inner) {
        return Prefix::parse(outer)->contains(*Prefix::parse(inner));
    };
    EXPECT_TRUE(contains("10.16.0.0/12", "10.16.7.0/24"));
    EXPECT_TRUE(contains("10.16.0.0/12", "10.16.0.0/12"));
    EXPECT_FALSE(contains("10.16.7.0/24", "10.16.0.0/12"));
    EXPECT_FALSE(contains("10.16.0.0/12", "10.32.0.0/24"));
    EXPECT_FALSE(contains("0.0.0.0/0", "::/0"));
}

}  // namespace
}  // namespace weft::net
