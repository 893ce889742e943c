// SPDX-License-Identifier: Apache-2.0
// The ledger without files: next-fit and resting, what is never handed out, records at every cut,
// snapshots, what is stale, and the name of a link.
#include <gtest/gtest.h>

#include <weft/ipam/ledger.hpp>

namespace weft::ipam {
namespace {

constexpr UnixMs kNow = 1'800'000'000'000;
constexpr UnixMs kMinute = 60'000;

net::IpAddress address(const std::string& text) {
    return *net::IpAddress::parse(text);
}
net::Prefix prefix(const std::string& text) {
    return *net::Prefix::parse(text);
}
Attachment attachment(const std::string& container) {
    return {container, "eth0"};
}

Reserved reserved(const std::string& container, Addresses addresses) {
    const Attachment who = attachment(container);
    return {who, {"weft", link_name(who), "boot", kNow, std::move(addresses)}};
}

class LedgerTest : public ::testing::Test {
  protected:
    void take(const std::string& container, const std::string& text) {
        ASSERT_TRUE(ledger_.apply(reserved(container, {address(text)})));
    }
    [[nodiscard]] std::string next(const std::string& block, UnixMs now = kNow) const {
        const auto found = ledger_.next(prefix(block), {}, now);
        return found ? found->to_string() : "none";
    }

    Ledger ledger_;
};

TEST_F(LedgerTest, FirstAddressIsBehindTheGateway) {
    EXPECT_EQ(next("10.44.3.0/24"), "10.44.3.2");
    EXPECT_EQ(next("fd44:0:0:3::/64"), "fd44:0:0:3::2");
    EXPECT_EQ(next("10.44.3.4/30"), "10.44.3.6");
    EXPECT_EQ(next("10.44.3.4/31"), "none");
    EXPECT_EQ(next("10.44.3.4/32"), "none");
    EXPECT_EQ(next("fd44::/127"), "none");
}

TEST_F(LedgerTest, SearchGoesOnBehindTheLastOneAndRoundTheEnd) {
    take("a", "10.44.3.2");
    take("b", "10.44.3.3");
    EXPECT_TRUE(ledger_.apply(Dropped{attachment("a")}));
    EXPECT_EQ(next("10.44.3.0/29"), "10.44.3.4");
    take("c", "10.44.3.6");
    EXPECT_EQ(next("10.44.3.0/29"), "10.44.3.2");
}

TEST_F(LedgerTest, WhatWasReleasedRestsAMinuteAndWhatWasDroppedDoesNot) {
    take("a", "10.44.3.6");
    EXPECT_EQ(next("10.44.3.4/30"), "none");
    EXPECT_TRUE(ledger_.apply(Released{attachment("a"), kNow}));
    EXPECT_EQ(next("10.44.3.4/30", kNow + kMinute - 1), "none");
    EXPECT_EQ(ledger_.count_resting(prefix("10.44.3.4/30"), kNow + 1), 1U);
    EXPECT_EQ(next("10.44.3.4/30", kNow + kMinute), "10.44.3.6");
    take("a", "10.44.3.6");
    EXPECT_TRUE(ledger_.apply(Dropped{attachment("a")}));
    EXPECT_EQ(next("10.44.3.4/30"), "10.44.3.6");
}

TEST_F(LedgerTest, AClockThatIsSetBackLetsNothingRestForLong) {
    take("a", "10.44.3.6");
    EXPECT_TRUE(ledger_.apply(Released{attachment("a"), kNow}));
    EXPECT_EQ(next("10.44.3.4/30", kNow - 1), "none");
    EXPECT_EQ(next("10.44.3.4/30", kNow - 10 * kMinute), "10.44.3.6");
}

TEST_F(LedgerTest, WhatIsInUseElsewhereIsLeftOut) {
    EXPECT_EQ(ledger_.next(prefix("10.44.3.0/29"), {address("10.44.3.2")}, kNow),
              address("10.44.3.3"));
}

TEST_F(LedgerTest, AFullBlockOfAnySizeSaysSo) {
    for (int host = 2; host < 255; ++host) {
        const std::string text = next("10.44.3.0/24");
        ASSERT_EQ(text, "10.44.3." + std::to_string(host));
        take("c" + std::to_string(host), text);
    }
    EXPECT_EQ(next("10.44.3.0/24"), "none");
    EXPECT_EQ(next("10.44.4.0/24"), "10.44.4.2");
}

TEST_F(LedgerTest, AnAttachmentsNewLeaseTakesThePlaceOfItsOldOne) {
    take("a", "10.44.3.2");
    take("a", "10.44.3.3");
    EXPECT_EQ(ledger_.owner(address("10.44.3.2")), nullptr);
    EXPECT_EQ(ledger_.leases().size(), 1U);
}

TEST_F(LedgerTest, NoAddressHasTwoOwners) {
    take("a", "10.44.3.2");
    const Result<> second = ledger_.apply(reserved("b", {address("10.44.3.2")}));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, std::errc::bad_message);
    EXPECT_EQ(ledger_.lease(attachment("b")), nullptr);
}

TEST_F(LedgerTest, StaleAreEarlierBootsAndLinksThatAreGone) {
    constexpr UptimeMs kUp = 1'000'000;
    const auto take_at = [&](const std::string& container, const std::string& text, UptimeMs at) {
        Reserved event = reserved(container, {address(text)});
        event.lease.uptime = at;
        ASSERT_TRUE(ledger_.apply(event));
    };
    take_at("gone", "10.44.3.2", kUp - kMinute);
    take_at("there", "10.44.3.3", kUp - kMinute);
    take_at("in-flight", "10.44.3.4", kUp - kMinute + 1);
    Reserved before = reserved("before", {address("10.44.3.5")});
    before.lease.boot = "another";
    ASSERT_TRUE(ledger_.apply(before));
    for (const UnixMs now : {kNow, kNow + 1'000 * kMinute, UnixMs{0}}) {  // the clock was set
        const auto stale = ledger_.stale({"boot", kUp, now}, {link_name(attachment("there"))});
        ASSERT_EQ(stale.size(), 2U);
        EXPECT_EQ(std::get<Dropped>(stale[0]).attachment.container, "before");
        EXPECT_EQ(std::get<Released>(stale[1]).attachment.container, "gone");
    }
}

// ---- Records ------------------------------------------------------------------------------------

std::vector<Event> one_of_each() {
    Reserved dated = reserved("a", {address("10.44.3.2"), address("fd44::2")});
    dated.lease.uptime = kMinute;
    return {dated,
            reserved("b", {address("10.44.3.3")}),
            Released{attachment("a"), kNow + 1},
            Dropped{attachment("b")},
            Resting{address("10.44.3.9"), kNow},
            Cursor{address("fd44::9")}};
}

std::vector<std::byte> journal_of(const std::vector<Event>& events) {
    std::vector<std::byte> bytes;
    for (const Event& event : events) {
        const auto record = encode(event);
        bytes.insert(bytes.end(), record.begin(), record.end());
    }
    return bytes;
}

TEST(Journal, RecordsKeepTheirEncoding) {
    const auto bytes = journal_of(one_of_each());
    const auto journal = read_journal(bytes);
    ASSERT_TRUE(journal) << journal.error().message();
    EXPECT_EQ(journal->size, bytes.size());
    EXPECT_EQ(journal_of(journal->events), bytes);
}

TEST(Journal, CutAnywhereItHasAllWholeRecords) {
    const std::vector<Event> events = one_of_each();
    const auto bytes = journal_of(events);
    std::vector<std::size_t> ends{0};
    for (const Event& event : events) {
        ends.push_back(ends.back() + encode(event).size());
    }
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const auto journal = read_journal(ConstBytes{bytes}.first(cut));
        ASSERT_TRUE(journal) << cut;
        EXPECT_EQ(journal->size, *(std::upper_bound(ends.begin(), ends.end(), cut) - 1)) << cut;
    }
}

TEST(Journal, DamageBeforeAWholeRecordIsAnErrorWithARemedy) {
    const auto good = journal_of(one_of_each());
    const std::size_t last = good.size() - encode(one_of_each().back()).size();
    for (std::size_t at = 0; at < last; ++at) {
        auto bytes = good;
        bytes[at] ^= std::byte{0x40};
        const auto journal = read_journal(bytes);
        ASSERT_FALSE(journal) << at;
        EXPECT_EQ(journal.error().code, std::errc::bad_message);
        EXPECT_NE(journal.error().remedy.find("journal"), std::string::npos);
    }
}

TEST(Journal, ZeroesThatAPowerCutLeftAreATornTail) {
    auto bytes = journal_of(one_of_each());
    const std::size_t whole = bytes.size();
    for (const std::size_t zeroes : {std::size_t{40}, std::size_t{20'000}, kUnsyncedMax}) {
        bytes.resize(whole + zeroes);
        const auto journal = read_journal(bytes);
        ASSERT_TRUE(journal) << zeroes;
        EXPECT_EQ(journal->size, whole);
    }
    bytes.resize(whole + 2 * kUnsyncedMax);
    EXPECT_FALSE(read_journal(bytes));
    bytes.resize(whole + 20'000);
    const auto behind = encode(one_of_each().back());
    bytes.insert(bytes.end(), behind.begin(), behind.end());
    EXPECT_FALSE(read_journal(bytes));
}

TEST(Journal, AnUnknownKindIsNoDamage) {
    auto bytes = encode(Cursor{address("10.44.3.2")});
    bytes.resize(bytes.size() - 4);
    bytes[3] = std::byte{2};
    ByteArray<4> crc{};
    // crc32c of the changed record, so that only its version is wrong.
    const std::uint32_t sum = [&] {
        std::uint32_t value = ~std::uint32_t{0};
        for (const std::byte byte : bytes) {
            value ^= std::to_integer<std::uint32_t>(byte);
            for (int bit = 0; bit < 8; ++bit) {
                value = (value >> 1U) ^ ((value & 1U) != 0 ? 0x82F63B78U : 0U);
            }
        }
        return ~value;
    }();
    for (std::size_t i = 0; i < crc.size(); ++i) {
        crc[i] = static_cast<std::byte>((sum >> (8 * i)) & 0xFFU);
    }
    bytes.insert(bytes.end(), crc.begin(), crc.end());
    const auto journal = read_journal(bytes);
    ASSERT_FALSE(journal);
    EXPECT_NE(journal.error().cause.find("version 2"), std::string::npos);
}

TEST(Journal, ASnapshotMakesTheSameLedger) {
    Ledger ledger;
    for (const Event& event : one_of_each()) {
        ASSERT_TRUE(ledger.apply(event));
    }
    ASSERT_TRUE(ledger.apply(reserved("c", {address("10.44.3.7")})));
    const auto snapshot = ledger.snapshot(kNow + 2);
    const auto journal = read_journal(snapshot);
    ASSERT_TRUE(journal);
    Ledger again;
    for (const Event& event : journal->events) {
        ASSERT_TRUE(again.apply(event));
    }
    EXPECT_EQ(again.leases(), ledger.leases());
    EXPECT_TRUE(again.is_resting(address("10.44.3.2"), kNow + 2));
    EXPECT_EQ(again.next(prefix("10.44.3.0/24"), {}, kNow),
              ledger.next(prefix("10.44.3.0/24"), {}, kNow));
    EXPECT_EQ(again.snapshot(kNow + 2), snapshot);
    EXPECT_LT(ledger.snapshot(kNow + 2 * kMinute).size(), snapshot.size());  // rested
}

TEST(LinkName, NeverChanges) {
    EXPECT_EQ(link_name({"c1", "eth0"}), link_name({"c1", "eth0"}));
    EXPECT_NE(link_name({"c1", "eth0"}), link_name({"c1", "eth1"}));
    EXPECT_NE(link_name({"c1", "eth0"}), link_name({"c1e", "th0"}));
    EXPECT_EQ(link_name({"c1", "eth0"}), "wv02b3bfe9bc7d");
}

}  // namespace
}  // namespace weft::ipam
