// SPDX-License-Identifier: Apache-2.0
// The ledger's file: every event reads back, a torn tail is left out and told, damage before it,
// contradictions and newer records are errors with a remedy; a snapshot says the same in less.
#include "journal.hpp"

#include <gtest/gtest.h>

#include <weft/base/checksum.hpp>

#include "issuer_world.hpp"

namespace weft::test {
namespace {

namespace journal = issuer::journal;

Buffer operator+(Buffer left, const Buffer& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

/// A journal with one of each event.
std::unique_ptr<IssuerWorld> busy_world() {
    auto owned = std::make_unique<IssuerWorld>();
    IssuerWorld& world = *owned;
    static_cast<void>(world.token());
    world.join(Machine{1}, world.token({.uses = 3, .from = prefix("192.0.2.0/24")}));
    world.join(Machine{2}, world.token({.name = "fixed", .ephemeral = true}));
    world.join(Machine{3}, world.token({.replace = "m1"}));
    world.join(Machine{3}, world.token());  // again, by another token
    world.revoke("fixed");
    const auto unused = world.try_token().value();
    EXPECT_TRUE(world.commit(world.subject->withdraw_token(unused.id)));
    return owned;
}

TEST(IssuerJournal, every_event_reads_back) {
    const auto owned = busy_world();
    const IssuerWorld& world = *owned;
    const auto read = journal::read(world.journal).value();
    EXPECT_EQ(read.size, world.journal.size());
    Buffer again;
    std::set<std::size_t> kinds;
    for (const journal::Event& event : read.events) {
        again = again + journal::encode(event);
        kinds.insert(event.index());
    }
    EXPECT_EQ(again, world.journal);
    EXPECT_EQ(kinds, (std::set<std::size_t>{0, 1, 2, 3, 4}));
    const auto counter = journal::read(journal::encode(journal::Counter{77})).value();
    EXPECT_EQ(std::get<journal::Counter>(counter.events.at(0)).next, 77U);
}

TEST(IssuerJournal, an_empty_one_is_good) {
    IssuerWorld world;
    const auto replayed = world.restart(true);
    EXPECT_EQ(replayed.records, 0U);
    EXPECT_EQ(replayed.torn, 0U);
}

TEST(IssuerJournal, a_torn_tail_is_left_out_and_told) {
    IssuerWorld world;
    const std::string token = world.token();
    const std::size_t whole = world.journal.size();
    world.join(Machine{1}, token);
    const Buffer all = world.journal;
    for (std::size_t cut = whole + 1; cut < all.size(); ++cut) {
        world.journal.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(cut));
        const auto replayed = world.restart(true);
        ASSERT_EQ(replayed.records, 1U);
        ASSERT_EQ(replayed.size, whole);
        ASSERT_EQ(replayed.torn, cut - whole);
    }
    // What a file system leaves behind a crash: the length is there, the content is zeros.
    world.journal.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(whole));
    world.journal.resize(whole + 4'096);
    EXPECT_EQ(world.restart(true).torn, 4'096U);
}

TEST(IssuerJournal, damage_before_the_tail_is_an_error_that_names_the_place) {
    const auto owned = busy_world();
    IssuerWorld& world = *owned;
    const auto read = journal::read(world.journal).value();
    const std::size_t last = journal::encode(read.events.back()).size();
    for (std::size_t i = 0; i + last < world.journal.size(); ++i) {
        Buffer damaged = world.journal;
        damaged[i] ^= std::byte{0x10};
        const auto replayed = world.make(true)->replay(damaged);
        ASSERT_FALSE(replayed) << i;
        EXPECT_NE(replayed.error().cause.find("issuer ledger: record "), std::string::npos);
        EXPECT_NE(replayed.error().remedy.find("backup"), std::string::npos);
    }
}

TEST(IssuerJournal, records_of_a_newer_weft_are_told_as_such) {
    for (const std::size_t field : {2U, 3U}) {  // type, version
        Buffer record = journal::encode(journal::Counter{9});
        record[field] = std::byte{99};
        const auto sum = checksum<journal::kChecksumSize>(
            ConstBytes{record}.first(record.size() - journal::kChecksumSize));
        copy_bytes(sum, Bytes{record}.last(journal::kChecksumSize));
        const auto read = journal::read(record);
        ASSERT_FALSE(read);
        EXPECT_NE(read.error().cause.find("does not know"), std::string::npos);
        EXPECT_EQ(read.error().remedy, "run the weft that wrote it, or a newer one");
    }
}

TEST(IssuerJournal, what_cannot_have_happened_is_an_error) {
    IssuerWorld world;
    const issuer::TokenId id{std::byte{1}};
    const issuer::Ledger::Use use{Machine{1}.key(), kStart, {}, "m1"};
    issuer::Ledger::Token once;
    const Buffer created = journal::encode(journal::TokenCreated{id, once});
    const Buffer used = journal::encode(journal::TokenUsed{id, use});
    IssuerWorld other{{prefix("10.0.0.0/16")}};
    other.join(Machine{1});
    const auto events = journal::read(other.journal).value().events;
    const Buffer& certificate = std::get<journal::Granted>(events.at(1)).certificate;
    const Buffer granted = journal::encode(journal::Granted{{}, {}, certificate});
    const Buffer revoked = journal::encode(journal::Revoked{other.revoke("m1"), true});
    const Buffer no_certificate = journal::encode(journal::Granted{{}, {}, Buffer(7)});
    const Buffer no_revocation = journal::encode(journal::Revoked{Buffer(7), true});

    struct Row {
        Buffer journal;
        const char* cause;
    };
    const Row rows[] = {{created + created, "created twice"},
                        {used, "before it was created"},
                        {created + used + used, "too often"},
                        {journal::encode(journal::TokenWithdrawn{id}), "before it was created"},
                        {granted + revoked + granted, "revoked node"},
                        {revoked + revoked, "out of order"},
                        {no_certificate, "a certificate is none"},
                        {no_revocation, "a revocation is none"}};
    for (const Row& row : rows) {
        const auto replayed = world.make(true)->replay(row.journal);
        ASSERT_FALSE(replayed) << row.cause;
        EXPECT_NE(replayed.error().cause.find(row.cause), std::string::npos)
            << replayed.error().cause;
        EXPECT_FALSE(replayed.error().remedy.empty());
    }
}

TEST(IssuerJournal, another_issuers_ledger_is_refused) {
    IssuerWorld world;
    world.join(Machine{1});
    auto certificate = world.certificate();
    certificate.number = 2;
    issuer::Ledger other{certificate, {}};
    const auto replayed = other.replay(world.journal);
    ASSERT_FALSE(replayed);
    EXPECT_NE(replayed.error().cause.find("another issuer's"), std::string::npos);
}

TEST(IssuerJournal, a_snapshot_replays_to_the_same) {
    const auto owned = busy_world();
    IssuerWorld& world = *owned;
    const Buffer before = world.subject->snapshot(world.view());
    world.journal = before;
    EXPECT_EQ(world.restart(true).size, before.size());
    EXPECT_EQ(world.subject->snapshot(world.view()), before);

    const auto& ledger = world.subject->ledger();
    EXPECT_EQ(ledger.revocations().size(), 2U);
    EXPECT_EQ(ledger.tokens().size(), 6U);
    EXPECT_EQ(ledger.next_counter(), 4U);
    EXPECT_NE(ledger.holder("m1"), nullptr);
    EXPECT_EQ(ledger.holder("m1")->certificate.identity_key, Machine{3}.key());
    EXPECT_EQ(ledger.holder("fixed"), nullptr);
    EXPECT_TRUE(ledger.is_revoked(Machine{1}.key()));
    EXPECT_EQ(ledger.pool().count(net::Family::kIpv4).owned, 1U);
    EXPECT_EQ(ledger.pool().count(net::Family::kIpv4).resting, 1U);
}

TEST(IssuerJournal, a_snapshot_forgets_what_matters_no_more) {
    IssuerWorld world;
    const std::string used = world.token();
    Buffer current = world.join(Machine{1}, used).reply.certificate;
    static_cast<void>(world.token());
    for (int year = 0; year < 8; ++year) {
        world.now += 200 * kDay;
        current = world.renew(Machine{1}, current).reply.certificate;
    }
    world.journal = world.subject->snapshot(world.view());
    world.restart(true);
    const auto& ledger = world.subject->ledger();
    EXPECT_EQ(ledger.tokens().size(), 1U);  // by which a live node joined: a clone is told by it
    EXPECT_EQ(ledger.next_counter(), 10U);
    EXPECT_EQ(*ledger.live(Machine{1}.key())->bytes, current);
    EXPECT_EQ(journal::read(world.journal).value().events.size(), 4U);

    // A block's last owner is kept until the block has had another that is gone.
    IssuerWorld small{{prefix("10.64.0.0/24")}};
    for (std::uint32_t i = 0; i < 5; ++i) {
        small.join(Machine{i});
        small.revoke(Machine{i}.name);
        small.now += 2 * kDay;
        small.journal = small.subject->snapshot(small.view());
        small.restart(true);
        EXPECT_EQ(small.subject->ledger().nodes().size(), 1U);
        EXPECT_EQ(small.subject->ledger().revocations().size(), i + 1);
        EXPECT_EQ(small.subject->ledger().next_counter(), i + 2);
    }
}

TEST(IssuerJournal, serials_do_not_begin_anew_when_the_last_was_given) {
    IssuerWorld world;
    world.journal = journal::encode(journal::Counter{0xffffffff});
    world.restart(true);
    EXPECT_EQ(world.join(Machine{1}).certificate().serial & 0xffffffff, 0xffffffffU);
    EXPECT_EQ(world.subject->ledger().next_counter(), 0U);
    const auto token = world.try_token();
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().cause, "this issuer has no serial left");
}

}  // namespace
}  // namespace weft::test
