// SPDX-License-Identifier: Apache-2.0
// How full the ledger is: addresses of this node's blocks alone, by family.
#include "ledger_count.hpp"

#include <gtest/gtest.h>

namespace weft::control {
namespace {

constexpr ipam::UnixMs kCounted = 1'800'000'000'000;

ipam::Reserved lease_of(const std::string& container, const std::vector<std::string>& addresses) {
    ipam::Reserved reserved;
    reserved.attachment = {container, "eth0"};
    reserved.lease.since = kCounted;
    for (const std::string& text : addresses) {
        reserved.lease.addresses.push_back(*net::IpAddress::parse(text));
    }
    return reserved;
}

TEST(LedgerCount, CountsLeasedAndRestingByFamily) {
    ipam::Journal journal;
    journal.events = {lease_of("a", {"10.44.3.2", "fd44::2"}),
                      lease_of("b", {"10.44.3.3"}),
                      lease_of("c", {"10.99.0.2"}),  // of a block that the node had
                      ipam::Released{{"b", "eth0"}, kCounted}};
    const Result<ipam::Ledger> ledger = ipam::replay(journal);
    ASSERT_TRUE(ledger);
    const std::vector<net::Prefix> blocks{*net::Prefix::parse("10.44.3.0/24"),
                                          *net::Prefix::parse("fd44::/64")};
    const LedgerCount count = count_ledger(*ledger, blocks, kCounted);
    EXPECT_EQ(count.leases, 2U);
    ASSERT_EQ(count.addresses.size(), 2U);
    EXPECT_EQ(count.addresses[0].family, net::Family::kIpv4);
    EXPECT_EQ(count.addresses[0].assignable, 253);
    EXPECT_EQ(count.addresses[0].leased, 1U);
    EXPECT_EQ(count.addresses[0].resting, 1U);
    EXPECT_EQ(count.addresses[1].assignable, 18446744073709551614.0);
    EXPECT_EQ(count.addresses[1].leased, 1U);
    EXPECT_EQ(count.addresses[1].resting, 0U);
}

TEST(LedgerCount, ABlockMayHaveNoRoom) {
    const std::vector<net::Prefix> blocks{*net::Prefix::parse("10.44.3.4/31")};
    const LedgerCount count = count_ledger({}, blocks, kCounted);
    ASSERT_EQ(count.addresses.size(), 1U);
    EXPECT_EQ(count.addresses[0].assignable, 0);
    EXPECT_TRUE(count_ledger({}, {}, kCounted).addresses.empty());
}

TEST(LedgerCount, AContradictionIsAnError) {
    ipam::Journal journal;
    journal.events = {lease_of("a", {"10.44.3.2"}), lease_of("b", {"10.44.3.2"})};
    EXPECT_FALSE(ipam::replay(journal));
}

}  // namespace
}  // namespace weft::control
