// SPDX-License-Identifier: Apache-2.0
// Messages as bytes: each type there and back, and what a reader does with what it does not know.
#include <gtest/gtest.h>

#include <weft/base/byte_writer.hpp>
#include <weft/identity/certificate.hpp>

#include "gossip_world.hpp"
#include "hex.hpp"
#include "seed.hpp"
#include "vector_file.hpp"

namespace weft::test {
namespace {

using gossip::DatagramReader;
using gossip::DatagramWriter;
using gossip::Header;
using gossip::Message;

constexpr std::size_t kHeaderSize = 28;
constexpr std::size_t kAny = 60'000;
const Header kHeader{
    0x0102'0304'0506'0708, 0x1112'1314, 0x2122'2324, 0x4142'4344, 0x3132'3334'3536'3738};

gossip::Summary summary(std::size_t entries) {
    gossip::Summary summary{node_id(1), node_id(2), {}};
    for (std::uint32_t i = 0; i < entries; ++i) {
        summary.entries.push_back({node_id(i), 0x0102'0304'0506'0700U + i});
    }
    return summary;
}
gossip::Want want(std::size_t nodes) {
    gossip::Want want;
    for (std::uint32_t i = 0; i < nodes; ++i) {
        want.nodes.push_back(node_id(i));
    }
    return want;
}

struct Named {
    std::string name;
    Message message;
};
/// One of each type, and of some their extremes. `statements` is what items point into.
std::vector<Named> all(const Statements& statements) {
    gossip::Buckets buckets;
    for (std::size_t i = 0; i < gossip::kBuckets; ++i) {
        buckets.digests[i] = static_cast<std::uint32_t>(i * 0x0101'0101U);
    }
    const gossip::TrustHeads heads{{{1, 2}, {3, 4}}, {{0, 5}, {1, 0x1'0000'0000}}, 6};
    return {{"ping", gossip::Ping{0x0102'0304}},
            {"ack", gossip::Ack{7, endpoint("192.0.2.1:51840")}},
            {"ack6", gossip::Ack{7, endpoint("[2001:db8::1]:51840")}},
            {"ack_unspecified", gossip::Ack{7, {}}},
            {"ping_request", gossip::PingRequest{8, node_id(1)}},
            {"nack", gossip::Nack{9}},
            {"accusation", gossip::Accusation{node_id(1), {1, 2, 3}, node_id(2)}},
            {"member", statements.item()},
            {"pushed_member", statements.item(true)},
            {"member_of_introduction", gossip::MemberItem{{}, statements.record, false}},
            {"issuer", gossip::IssuerItem{statements.certificate}},
            {"revocation", gossip::RevocationItem{statements.record}},
            {"successor", gossip::SuccessorItem{statements.record}},
            {"buckets", buckets},
            {"summary", summary(2)},
            {"summary_of_none", summary(0)},
            {"want", want(2)},
            {"trust_heads", heads},
            {"trust_heads_of_none", gossip::TrustHeads{}},
            {"inquiry", gossip::Inquiry{10, true}},
            {"sight", gossip::Sight{11, statements.record}}};
}

Buffer written(const std::vector<Message>& messages, std::size_t size_max = kAny) {
    DatagramWriter writer{kHeader, size_max};
    for (const Message& message : messages) {
        EXPECT_TRUE(writer.add(message));
    }
    return {writer.bytes().begin(), writer.bytes().end()};
}
Buffer raw(unsigned type, const Buffer& body) {
    ByteWriter writer;
    writer.append(written({}));
    writer.write(static_cast<std::uint8_t>(type));
    writer.write(static_cast<std::uint16_t>(body.size()));
    writer.append(body);
    return std::move(writer).release();
}
struct Read {
    std::vector<Message> messages;
    bool malformed = false;
};
Read read(ConstBytes plaintext) {
    DatagramReader reader{plaintext};
    Read result;
    while (auto message = reader.next()) {
        result.messages.push_back(std::move(*message));
    }
    result.malformed = reader.malformed();
    return result;
}

TEST(Messages, of_each_type_are_the_frozen_bytes) {
    const Statements statements{1};
    std::map<std::string, std::string> frozen;
    for (const auto& fields : read_vectors("gossip_messages.txt")) {
        frozen[fields.at(0)] = fields.at(1);
    }
    EXPECT_EQ(to_hex(written({})), frozen["header"]);
    for (const Named& one : all(statements)) {
        const Buffer bytes = written({one.message});
        EXPECT_EQ(to_hex(ConstBytes{bytes}.subspan(kHeaderSize)), frozen[one.name]) << one.name;
    }
    EXPECT_EQ(frozen.size(), all(statements).size() + 1);
}

TEST(Messages, of_each_type_read_as_what_they_were_written_of) {
    const Statements statements{1};
    for (const Named& one : all(statements)) {
        const Buffer bytes = written({one.message});
        const Read back = read(bytes);
        ASSERT_EQ(back.messages.size(), 1U) << one.name;
        EXPECT_FALSE(back.malformed) << one.name;
        EXPECT_EQ(back.messages[0].index(), one.message.index()) << one.name;
        EXPECT_EQ(written(back.messages), bytes) << one.name;
    }
}

TEST(Messages, header_reads_as_it_was_written) {
    const Buffer bytes = written({});
    ASSERT_EQ(bytes.size(), kHeaderSize);
    const auto header = DatagramReader{bytes}.header();
    ASSERT_TRUE(header);
    EXPECT_EQ(header->time, kHeader.time);
    EXPECT_EQ(header->trust_count, kHeader.trust_count);
    EXPECT_EQ(header->trust_digest, kHeader.trust_digest);
    EXPECT_EQ(header->members, kHeader.members);
    EXPECT_EQ(header->members_digest, kHeader.members_digest);
    for (std::size_t size = 0; size < kHeaderSize; ++size) {
        DatagramReader reader{ConstBytes{bytes}.first(size)};
        EXPECT_FALSE(reader.header()) << size;
        EXPECT_TRUE(reader.malformed()) << size;
        EXPECT_FALSE(reader.next()) << size;
    }
}

TEST(Messages, fields_are_kept) {
    const Statements statements{1};
    const auto one = [](const Message& message) { return read(written({message})).messages.at(0); };
    const gossip::Accusation accusation{node_id(1), {1, 2, 3}, node_id(2)};
    EXPECT_EQ(std::get<gossip::Accusation>(one(accusation)), accusation);
    const Buffer bytes = written({statements.item(true)});
    const auto back = read(bytes);
    const auto& item = std::get<gossip::MemberItem>(back.messages.at(0));
    EXPECT_TRUE(item.pushed);
    EXPECT_EQ(Buffer(item.certificate.begin(), item.certificate.end()), statements.certificate);
    EXPECT_EQ(Buffer(item.record.begin(), item.record.end()), statements.record);
    const auto ack = std::get<gossip::Ack>(one(gossip::Ack{3, endpoint("[2001:db8::1]:9")}));
    EXPECT_EQ(ack.seen, endpoint("[2001:db8::1]:9"));
    EXPECT_EQ(std::get<gossip::Want>(one(want(40))).nodes.back(), node_id(39));
}

TEST(Messages, of_types_to_come_are_passed_over) {
    for (const unsigned type : {0U, 15U, 100U, 255U}) {
        Buffer bytes = raw(type, Buffer(17));
        const Buffer known = written({gossip::Nack{5}});
        bytes.insert(bytes.end(), known.begin() + kHeaderSize, known.end());
        const Read back = read(bytes);
        EXPECT_FALSE(back.malformed) << type;
        ASSERT_EQ(back.messages.size(), 1U) << type;
        EXPECT_EQ(std::get<gossip::Nack>(back.messages[0]).number, 5U);
        EXPECT_TRUE(read(raw(type, {})).messages.empty());
    }
}

TEST(Messages, that_are_malformed_end_the_datagram_and_what_came_before_stands) {
    const Statements statements{1};
    const Buffer nack = written({gossip::Nack{5}});
    for (const Named& one : all(statements)) {
        // Cut anywhere: the message before it is read, and nothing after.
        const Buffer whole = written({gossip::Nack{5}, one.message});
        for (std::size_t size = nack.size() + 1; size < whole.size(); ++size) {
            const Read back = read(ConstBytes{whole}.first(size));
            EXPECT_TRUE(back.malformed) << one.name << size;
            EXPECT_EQ(back.messages.size(), 1U) << one.name << size;
        }
        EXPECT_EQ(read(whole).messages.size(), 2U);
    }
}

TEST(Messages, of_a_size_that_is_not_theirs_are_malformed) {
    const Statements statements{1};
    for (const Named& one : all(statements)) {
        const bool takes_all = one.name == "ping" || one.name.find("member") != std::string::npos ||
                               one.name == "issuer" || one.name == "revocation" ||
                               one.name == "successor" || one.name == "sight";
        const Buffer good = written({one.message});
        Buffer body(good.begin() + kHeaderSize + 3, good.end());
        body.push_back({});
        const auto type = std::to_integer<unsigned>(good[kHeaderSize]);
        if (!takes_all) {
            EXPECT_TRUE(read(raw(type, body)).malformed) << one.name;
        }
        if (!takes_all && one.name != "want") {
            EXPECT_TRUE(read(raw(type, {})).malformed) << one.name;
        }
    }
    EXPECT_TRUE(read(raw(1, {})).malformed);   // ping
    EXPECT_TRUE(read(raw(6, {})).malformed);   // member
    EXPECT_TRUE(read(raw(14, {})).malformed);  // pushed member
    Buffer family = written({gossip::Ack{7, endpoint("192.0.2.1:1")}});
    family[kHeaderSize + 3 + 4] = std::byte{5};
    EXPECT_TRUE(read(family).malformed);
    Buffer certificate = written({statements.item()});
    certificate[kHeaderSize + 3 + 1] = std::byte{0xff};  // longer than what follows
    EXPECT_TRUE(read(certificate).malformed);
}

TEST(Messages, name_forty_members_at_most) {
    const Read most = read(written({summary(40), want(40)}));
    ASSERT_EQ(most.messages.size(), 2U);
    EXPECT_EQ(std::get<gossip::Summary>(most.messages[0]).entries.size(), 40U);
    EXPECT_TRUE(read(written({summary(41)})).malformed);
    EXPECT_TRUE(read(written({want(41)})).malformed);
}

TEST(Messages, trust_heads_are_64_of_each_at_most) {
    gossip::TrustHeads heads;
    for (std::uint32_t i = 0; i < 100; ++i) {
        heads.issuers.emplace_back(i, 1);
        heads.revocations.emplace_back(i, 1);
    }
    const Read back = read(written({heads}));
    ASSERT_EQ(back.messages.size(), 1U);
    EXPECT_EQ(std::get<gossip::TrustHeads>(back.messages[0]).issuers.size(), 64U);
    EXPECT_EQ(std::get<gossip::TrustHeads>(back.messages[0]).revocations.size(), 64U);
    Buffer too_many(4 + 1 + 65 * 8);
    too_many[4] = std::byte{65};
    EXPECT_TRUE(read(raw(13, too_many)).malformed);
    EXPECT_TRUE(read(raw(13, Buffer(4 + 1 + 65 * 12))).malformed);
}

TEST(Messages, writer_never_exceeds_its_size) {
    SCOPED_TRACE(seed_text());
    SeededRandom random{seed()};
    const Statements statements{1};
    const auto kinds = all(statements);
    for (int round = 0; round < 2'000; ++round) {
        const std::size_t size_max = kHeaderSize + random.below(1'300);
        DatagramWriter writer{kHeader, size_max};
        std::size_t added = 0;
        for (int i = 0; i < 20; ++i) {
            const std::size_t before = writer.bytes().size();
            const bool fits = writer.add(kinds[random.below(kinds.size())].message);
            added += fits ? 1 : 0;
            ASSERT_LE(writer.bytes().size(), size_max);
            ASSERT_EQ(writer.bytes().size() > before, fits);
        }
        ASSERT_EQ(writer.empty(), added == 0);
        ASSERT_EQ(read(writer.bytes()).messages.size(), added);
    }
}

TEST(Messages, that_just_fit_are_added_and_one_byte_less_is_not_enough) {
    const Statements statements{1};
    for (const Named& one : all(statements)) {
        const std::size_t size = written({one.message}).size();
        DatagramWriter enough{kHeader, size};
        EXPECT_TRUE(enough.add(one.message)) << one.name;
        DatagramWriter short_of{kHeader, size - 1};
        EXPECT_FALSE(short_of.add(one.message)) << one.name;
        EXPECT_TRUE(short_of.empty() && short_of.bytes().size() == kHeaderSize) << one.name;
    }
}

TEST(Messages, ping_is_no_shorter_than_its_answers) {
    const std::size_t ping = written({gossip::Ping{1}}).size();
    EXPECT_GE(ping, written({gossip::Ack{1, endpoint("192.0.2.1:1")}}).size());
    EXPECT_GE(ping, written({gossip::Ack{1, endpoint("[2001:db8::1]:1")}}).size());
}

TEST(Messages, what_must_fit_in_one_datagram_does) {
    EXPECT_LE(written({gossip::Buckets{}}).size(), gossip::kPlaintextMax);
    EXPECT_LE(written({summary(gossip::kSummaryEntriesMax)}).size(), gossip::kPlaintextMax);
    EXPECT_LE(written({want(gossip::kSummaryEntriesMax)}).size(), gossip::kPlaintextMax);
    const Buffer certificate(identity::kCertificateSizeMax);
    const Buffer record(gossip::kRecordSizeMax);
    EXPECT_LE(written({gossip::MemberItem{certificate, record}}).size(), gossip::kPlaintextMax);
    // An introduction: the certificate is in its head.
    const std::size_t introduction =
        gossip::kIntroduceHeadSize + certificate.size() + gossip::kSealedHeadSize +
        crypto::kTagSize + written({gossip::MemberItem{{}, record}, gossip::Ping{}}).size();
    EXPECT_LE(introduction, gossip::kDatagramSizeMax);
}

TEST(Messages, datagrams_of_gossip_are_told_from_wireguards_by_their_first_byte) {
    EXPECT_FALSE(gossip::is_gossip({}));
    for (unsigned first = 0; first < 256; ++first) {
        const Buffer datagram{static_cast<std::byte>(first)};
        EXPECT_EQ(gossip::is_gossip(datagram), first >= 0x10 && first <= 0x1f) << first;
    }
}

}  // namespace
}  // namespace weft::test
