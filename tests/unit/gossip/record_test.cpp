// SPDX-License-Identifier: Apache-2.0
// Records as bytes: frozen ones, damaged ones, and every field that none can have.
#include <gtest/gtest.h>

#include <weft/base/byte_writer.hpp>
#include <weft/identity/certificate.hpp>

#include "gossip_world.hpp"
#include "hex.hpp"
#include "vector_file.hpp"

namespace weft::test {
namespace {

using gossip::Record;

constexpr std::size_t kFlagsAt = 3 + 1 + 16 + 20;
constexpr std::size_t kTailAt = kFlagsAt + 1 + 8 + 2 + 4;  // of the software's length

Record least() {
    Record record;
    record.node = node_id(1);
    return record;
}
Record most() {
    Record record;
    record.node = node_id(2);
    record.order = {0xffff'ffff, 0xffff'ffff'ffff'ffff, 0x0102'0304'0506'0708};
    record.left = true;
    record.translated = true;
    record.boot_id = 0x1122'3344'5566'7788;
    record.mtu = 0xffff;
    record.features = 0x8000'0001;
    record.software = " weft/0.1.0 linux aarch64 ~~~~~~";
    record.endpoints = {endpoint("[2001:db8::1]:51840"),
                        endpoint("[2001:db8::2]:1"),
                        endpoint("[fd00:1::3]:65535"),
                        endpoint("[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:7")};
    record.anchors = {node_id(3), node_id(4), node_id(5)};
    return record;
}
Record usual() {
    Record record = test::record(6, 7);
    record.translated = true;
    record.endpoints = {endpoint("198.51.100.7:51840"), endpoint("[2001:db8::7]:51841")};
    record.anchors = {node_id(3)};
    return record;
}

struct NamedRecord {
    const char* name;
    Record record;
    std::uint32_t signer;
};
std::vector<NamedRecord> all() {
    return {{"least", least(), 1}, {"most", most(), 2}, {"usual", usual(), 6}};
}

/// A record's fixed fields with another end, and room for a signature.
Buffer with_tail(const Buffer& tail) {
    Buffer bytes = sign(usual(), 6);
    bytes.resize(kTailAt);
    bytes.insert(bytes.end(), tail.begin(), tail.end());
    bytes.resize(bytes.size() + identity::kSignatureSize);
    return bytes;
}
Buffer tail(std::size_t software,
            const std::vector<net::Endpoint>& endpoints,
            std::size_t anchors,
            ConstBytes extensions = {}) {
    ByteWriter writer;
    writer.write(static_cast<std::uint8_t>(software));
    writer.append(std::string(software, 'w'));
    writer.write(static_cast<std::uint8_t>(endpoints.size()));
    for (const net::Endpoint& one : endpoints) {
        writer.write(static_cast<std::uint8_t>(one.address.family()));
        writer.append(one.address.bytes());
        writer.write(one.port);
    }
    writer.write(static_cast<std::uint8_t>(anchors));
    writer.append_zeros(16 * anchors);
    writer.write(static_cast<std::uint16_t>(extensions.size()));
    writer.append(extensions);
    return std::move(writer).release();
}
bool parses(const Buffer& bytes) {
    return gossip::parse_record(bytes).has_value();
}
bool parses_with_extensions(std::string_view hex) {
    return parses(with_tail(tail(4, {}, 0, unhex(hex))));
}

TEST(Record, is_the_frozen_bytes_and_reads_as_what_they_were_made_of) {
    const auto frozen = read_vectors("gossip_record.txt");
    ASSERT_EQ(frozen.size(), all().size());
    for (std::size_t i = 0; i < frozen.size(); ++i) {
        const NamedRecord one = all()[i];
        EXPECT_EQ(frozen[i].at(0), one.name);
        EXPECT_EQ(frozen[i].at(1), to_hex(sign(one.record, one.signer))) << one.name;
        const auto parsed = gossip::parse_record(unhex(frozen[i].at(1)));
        EXPECT_TRUE(parsed && *parsed == one.record) << one.name;
        EXPECT_TRUE(identity::check_signature(identity::kKindRecord,
                                              network(),
                                              unhex(frozen[i].at(1)),
                                              node_key(one.signer).verify_key()));
    }
}

TEST(Record, at_its_longest_is_within_its_size) {
    EXPECT_LE(sign(most(), 2).size(), gossip::kRecordSizeMax);
}

TEST(Record, every_truncation_and_every_byte_more_is_refused) {
    for (const NamedRecord& one : all()) {
        const Buffer good = sign(one.record, one.signer);
        ASSERT_TRUE(parses(good));
        for (std::size_t size = 0; size < good.size(); ++size) {
            EXPECT_FALSE(gossip::parse_record(ConstBytes{good}.first(size))) << one.name << size;
        }
        Buffer longer = good;
        longer.push_back({});
        EXPECT_FALSE(parses(longer)) << one.name;
    }
}

TEST(Record, every_flipped_bit_is_refused_or_unsigned) {
    const Buffer good = sign(usual(), 6);
    const auto is_good = [](ConstBytes bytes) {
        return gossip::parse_record(bytes) &&
               identity::check_signature(
                   identity::kKindRecord, network(), bytes, node_key(6).verify_key());
    };
    ASSERT_TRUE(is_good(good));
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
        Buffer bytes = good;
        bytes[bit / 8] ^= std::byte{1} << (bit % 8);
        EXPECT_FALSE(is_good(bytes)) << "bit " << bit;
    }
}

TEST(Record, signature_is_of_one_node_one_network_and_one_kind) {
    const Buffer good = sign(usual(), 6);
    const auto key = node_key(6).verify_key();
    const auto holds = [&](std::string_view kind, std::uint32_t of_network, const auto& by) {
        return identity::check_signature(kind, network(of_network), good, by);
    };
    EXPECT_TRUE(holds(identity::kKindRecord, 1, key));
    EXPECT_FALSE(holds(identity::kKindRecord, 2, key));
    EXPECT_FALSE(holds(identity::kKindCertificate, 1, key));
    EXPECT_FALSE(holds(identity::kKindRecord, 1, node_key(7).verify_key()));
}

TEST(Record, endpoints_of_one_link_or_one_machine_are_not_told_to_others) {
    const char* const refused[] = {"0.0.0.0:51840",
                                   "127.0.0.1:51840",
                                   "127.255.255.255:1",
                                   "169.254.0.1:51840",
                                   "224.0.0.1:51840",
                                   "239.255.255.255:51840",
                                   "192.0.2.1:0",
                                   "[::]:51840",
                                   "[::1]:51840",
                                   "[fe80::1]:51840",
                                   "[febf::1]:51840",
                                   "[ff02::1]:51840",
                                   "[2001:db8::1]:0"};
    for (const char* text : refused) {
        EXPECT_FALSE(gossip::can_be_advertised(endpoint(text))) << text;
        EXPECT_FALSE(parses(with_tail(tail(4, {endpoint(text)}, 0)))) << text;
        EXPECT_FALSE(parses(with_tail(tail(4, {endpoint("192.0.2.1:1"), endpoint(text)}, 0))));
    }
    for (const char* text : {"192.0.2.1:1", "10.1.2.3:65535", "[2001:db8::1]:51840"}) {
        EXPECT_TRUE(gossip::can_be_advertised(endpoint(text))) << text;
        EXPECT_TRUE(parses(with_tail(tail(4, {endpoint(text)}, 0)))) << text;
    }
    net::Endpoint scoped = endpoint("[2001:db8::1]:51840");
    scoped.scope_id = 1;
    EXPECT_FALSE(gossip::can_be_advertised(scoped));
}

TEST(Record, more_than_the_most_is_refused) {
    const std::vector<net::Endpoint> four(gossip::kEndpointsMax, endpoint("192.0.2.1:1"));
    const std::vector<net::Endpoint> five(gossip::kEndpointsMax + 1, endpoint("192.0.2.1:1"));
    EXPECT_TRUE(parses(with_tail(tail(gossip::kSoftwareSizeMax, four, gossip::kAnchorsMax))));
    EXPECT_FALSE(parses(with_tail(tail(gossip::kSoftwareSizeMax + 1, {}, 0))));
    EXPECT_FALSE(parses(with_tail(tail(0, five, 0))));
    EXPECT_FALSE(parses(with_tail(tail(0, {}, gossip::kAnchorsMax + 1))));
}

TEST(Record, software_is_printable) {
    for (const int byte : {0, 10, 31, 127, 128, 255}) {
        Buffer bytes = with_tail(tail(4, {}, 0));
        bytes[kTailAt + 1] = static_cast<std::byte>(byte);
        EXPECT_FALSE(parses(bytes)) << byte;
    }
}

TEST(Record, of_another_version_or_with_unknown_flags_is_refused) {
    const Buffer good = sign(usual(), 6);
    for (const auto& [at, value] : {std::pair{0, 'w'}, {2, 'C'}, {3, '\0'}, {3, '\2'}}) {
        Buffer bytes = good;
        bytes[static_cast<std::size_t>(at)] = static_cast<std::byte>(value);
        EXPECT_FALSE(parses(bytes)) << at;
    }
    for (unsigned flag = 4; flag <= 128; flag *= 2) {
        Buffer bytes = good;
        bytes[kFlagsAt] |= static_cast<std::byte>(flag);
        EXPECT_FALSE(parses(bytes)) << flag;
    }
    Buffer later = good;
    later[3] = std::byte{2};
    EXPECT_NE(gossip::parse_record(later).error().message().find("update"), std::string::npos);
}

TEST(Record, unknown_extensions_are_passed_over_unless_critical) {
    EXPECT_TRUE(parses_with_extensions("-"));
    EXPECT_TRUE(parses_with_extensions("0000"));
    EXPECT_TRUE(parses_with_extensions("01020a0b0300"));
    EXPECT_TRUE(parses_with_extensions("7f00"));
    EXPECT_FALSE(parses_with_extensions("8000"));        // critical
    EXPECT_FALSE(parses_with_extensions("01008101ff"));  // critical behind another
    EXPECT_FALSE(parses_with_extensions("02000100"));    // not ascending
    EXPECT_FALSE(parses_with_extensions("01000100"));    // twice
    EXPECT_FALSE(parses_with_extensions("0102aa"));      // cut short
    EXPECT_FALSE(parses_with_extensions("01"));
    Buffer lying = with_tail(tail(4, {}, 0));
    lying[lying.size() - identity::kSignatureSize - 2] =
        std::byte{1};  // one byte that is not there
    EXPECT_FALSE(parses(lying));
}

TEST(Record, is_600_bytes_at_most) {
    const auto of_size = [](std::size_t size) {
        Buffer extensions;
        const std::size_t bare = with_tail(tail(4, {}, 0)).size();
        for (std::size_t left = size - bare; left > 0;) {
            const std::size_t value = std::min<std::size_t>(left - 2, 200);
            extensions.push_back(static_cast<std::byte>(extensions.size() / 202));
            extensions.push_back(static_cast<std::byte>(value));
            extensions.resize(extensions.size() + value);
            left -= value + 2;
        }
        return with_tail(tail(4, {}, 0, extensions));
    };
    ASSERT_EQ(of_size(gossip::kRecordSizeMax).size(), gossip::kRecordSizeMax);
    EXPECT_TRUE(parses(of_size(gossip::kRecordSizeMax)));
    EXPECT_FALSE(parses(of_size(gossip::kRecordSizeMax + 1)));
}

}  // namespace
}  // namespace weft::test
