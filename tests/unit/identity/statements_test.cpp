// SPDX-License-Identifier: Apache-2.0
// Certificates, revocations and successors as bytes: frozen ones, damaged ones, and every form that
// is not the canonical one.
#include "statements.hpp"

#include <weft/base/byte_writer.hpp>

#include "bodies.hpp"
#include "vector_file.hpp"

namespace weft::test {
namespace {

using identity::Certificate;
using identity::IssuerCertificate;

constexpr std::size_t kHead = 3 + 1 + 16;         // magic, version, network
constexpr std::size_t kNameAt = kHead + 33 + 96;  // of certificate()'s name

/// The bytes with a part replaced, and signed anew by whom it takes.
Buffer spoiled(Buffer bytes, std::size_t at, std::size_t size, ConstBytes by) {
    const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    bytes.insert(bytes.erase(from, from + static_cast<std::ptrdiff_t>(size)), by.begin(), by.end());
    return bytes;
}
Buffer good() {
    return build(certificate(), signing_key(kIssuerSeed));
}
/// Behind the fields of a certificate: u16 size and what is in it.
Buffer with_extensions(Buffer bytes, std::string_view hex) {
    const Buffer extensions = unhex(hex);
    const std::size_t at = bytes.size() - identity::kSignatureSize - 2;
    ByteWriter out;
    out.write(static_cast<std::uint16_t>(extensions.size()));
    out.append(extensions);
    return spoiled(std::move(bytes), at, 2, out.bytes());
}
std::string error_of(ConstBytes bytes) {
    const auto parsed = identity::parse_certificate(bytes);
    return parsed ? "" : parsed.error().message();
}

TEST(Statements, are_the_frozen_bytes) {
    std::map<std::string, std::string> frozen;
    for (const auto& fields : read_vectors("identity_statements.txt")) {
        frozen[fields.at(0)] = fields.at(1);
    }
    for (const Kind& kind : kinds()) {
        EXPECT_EQ(to_hex(kind.bytes), frozen[kind.name]) << kind.name;
    }
}

TEST(Statements, frozen_bytes_read_as_what_they_were_made_of) {
    for (const auto& fields : read_vectors("identity_statements.txt")) {
        const Buffer bytes = unhex(fields.at(1));
        if (fields[0] == "certificate") {
            EXPECT_EQ(*identity::parse_certificate(bytes), certificate());
        } else if (fields[0] == "issuer") {
            EXPECT_EQ(*identity::parse_issuer_certificate(bytes), issuer_certificate());
        } else if (fields[0] == "revocation") {
            EXPECT_EQ(*identity::parse_revocation(bytes), revocation());
        } else {
            EXPECT_EQ(*identity::parse_successor(bytes), successor());
        }
    }
}

TEST(Statements, every_truncation_and_every_byte_more_is_refused) {
    for (const Kind& kind : kinds()) {
        ASSERT_TRUE(kind.parse(kind.bytes)) << kind.name;
        for (std::size_t size = 0; size < kind.bytes.size(); ++size) {
            EXPECT_FALSE(kind.parse(ConstBytes{kind.bytes}.first(size))) << kind.name << size;
        }
        Buffer longer = kind.bytes;
        longer.push_back({});
        EXPECT_FALSE(kind.parse(longer)) << kind.name;
    }
}

TEST(Statements, every_flipped_bit_is_refused) {
    for (const Kind& kind : kinds()) {
        const auto is_good = [&](ConstBytes bytes) {
            return kind.parse(bytes) && check_signature(kind.kind, network(), bytes, kind.signer);
        };
        ASSERT_TRUE(is_good(kind.bytes)) << kind.name;
        for (std::size_t bit = 0; bit < 8 * kind.bytes.size(); ++bit) {
            Buffer bytes = kind.bytes;
            bytes[bit / 8] ^= std::byte{1} << (bit % 8);
            EXPECT_FALSE(is_good(bytes)) << kind.name << ", bit " << bit;
        }
    }
}

TEST(Statements, of_one_kind_are_none_of_another) {
    for (const Kind& one : kinds()) {
        for (const Kind& other : kinds()) {
            const bool same = one.name == other.name;
            EXPECT_EQ(static_cast<bool>(one.parse(other.bytes)), same);
            EXPECT_EQ(check_signature(one.kind, network(), other.bytes, other.signer), same);
        }
        const identity::NetworkId foreign{};
        EXPECT_FALSE(check_signature(one.kind, foreign, one.bytes, one.signer));
        EXPECT_FALSE(check_signature(one.kind, network(), one.bytes, signing_key(99).verify_key()));
    }
}

TEST(Statements, reencode_to_the_same_bytes) {
    const auto body = [](const Buffer& bytes) {
        return to_hex(ConstBytes{bytes}.first(bytes.size() - identity::kSignatureSize));
    };
    EXPECT_EQ(to_hex(encode_body(*identity::parse_certificate(good())).bytes()), body(good()));
    const Buffer issuer = build(issuer_certificate(), signing_key(kRootSeed));
    EXPECT_EQ(to_hex(encode_body(*identity::parse_issuer_certificate(issuer)).bytes()),
              body(issuer));
}

// ---- Forms that are not canonical ---------------------------------------------------------------

TEST(Statements, fields_that_none_can_have_are_refused_one_by_one) {
    struct Case {
        const char* what;
        std::size_t at;
        std::size_t size;
        std::string by;
        const char* error;
    };
    const Case cases[] = {
        {"magic", 0, 1, "58", "begin"},
        {"version 0", 3, 1, "00", "version"},
        {"version 2", 3, 1, "02", "newer"},
        {"issuer 0", kHead, 4, "00000000", "issuer"},
        {"serial of another issuer", kHead + 8, 1, "02", "serial"},
        {"generation 0", kHead + 12, 4, "00000000", "generation"},
        {"unknown flag", kHead + 16, 1, "02", "flag"},
        {"ends as it begins",
         kHead + 25,
         8,
         to_hex(ConstBytes{good()}.subspan(kHead + 17, 8)),
         "ends"},
        {"identity key zero", kHead + 33, 32, std::string(64, '0'), "Ed25519"},
        {"wireguard key zero", kHead + 65, 32, std::string(64, '0'), "X25519"},
        {"gossip key of low order", kHead + 97, 32, "01" + std::string(62, '0'), "X25519"},
        {"upper case", kNameAt, 8, "07426f6172642d31", "name"},
        {"hyphen first", kNameAt, 8, "022d61", "name"},
        {"hyphen last", kNameAt, 8, "02612d", "name"},
        {"no name", kNameAt, 8, "00", "name"},
        {"a dot", kNameAt, 8, "03612e62", "name"},
        {"a terminator", kNameAt, 8, "036100", "text"},
        {"64 characters", kNameAt, 8, "40" + std::string(128, '6'), "too long"},
    };
    for (const Case& one : cases) {
        const std::string error = error_of(spoiled(good(), one.at, one.size, unhex(one.by)));
        EXPECT_NE(error.find(one.error), std::string::npos) << one.what << ": " << error;
    }
}

TEST(Statements, lists_of_prefixes_have_one_form) {
    const struct {
        const char* what;
        const char* by;
        const char* error;
    } cases[] = {
        {"host bits", "0118040a400301", "none can have"},
        {"longer than an address", "0121040a400300", "none can have"},
        {"no family", "0118050a400300", "no family"},
        {"no length", "01000400000000", "none can have"},
        {"loopback", "0108047f000000", "none can have"},
        {"link-local", "011004a9fe0000", "none can have"},
        {"multicast", "010404e0000000", "none can have"},
        {"IPv6 link-local", "014006fe800000000000000000000000000000", "none can have"},
        {"out of order", "0218040a40040018040a400300", "out of order"},
        {"twice", "0218040a40030018040a400300", "out of order"},
        {"one inside another", "0218040a40030019040a400380", "inside"},
        {"one inside another, same address", "0218040a40030019040a400300", "inside"},
        {"IPv6 first", "024006fd00000000000000000000000000000018040a400300", "out of order"},
        {"five", "0518040a00000018040a00010018040a00020018040a00030018040a000400", "too many"},
        {"cut short", "02", ""},
    };
    const std::size_t at = kNameAt + 8;
    const std::size_t size = 1 + 6 + 18;
    for (const auto& one : cases) {
        const std::string error = error_of(spoiled(good(), at, size, unhex(one.by)));
        EXPECT_FALSE(error.empty()) << one.what;
        EXPECT_NE(error.find(one.error), std::string::npos) << one.what << ": " << error;
    }
    EXPECT_EQ(error_of(spoiled(good(), at, size, unhex("00"))), "");
    EXPECT_EQ(error_of(spoiled(good(), at, size, unhex("0118040a400300"))), "");
    // A routed prefix may be everything, a block may not.
    EXPECT_EQ(error_of(spoiled(good(), at + size, 7, unhex("01000400000000"))), "");
}

TEST(Statements, extensions_are_passed_over_unless_critical) {
    const struct {
        const char* extensions;
        const char* error;
    } cases[] = {
        {"-", ""},
        {"0100", ""},
        {"0102aabb0500", ""},
        {"01000100", "out of order"},
        {"05000100", "out of order"},
        {"8000", "understood"},
        {"0100ff0111", "understood"},
        {"0102aa", "cut short"},
        {"01", "cut short"},
    };
    for (const Kind& kind : kinds()) {
        for (const auto& one : cases) {
            const auto parsed = kind.parse(with_extensions(kind.bytes, one.extensions));
            const std::string error = parsed ? "" : parsed.error().message();
            EXPECT_EQ(error.empty(), std::string_view{one.error}.empty()) << one.extensions;
            EXPECT_NE(error.find(one.error), std::string::npos) << one.extensions << error;
        }
    }
}

TEST(Statements, revocations_and_issuers_have_their_own_rules) {
    const auto revoked_at = [](std::size_t at, std::size_t size, std::string_view by) {
        const Buffer bytes = build(revocation(), signing_key(kIssuerSeed));
        return identity::parse_revocation(spoiled(bytes, at, size, unhex(by))).has_value();
    };
    EXPECT_FALSE(revoked_at(kHead + 4, 4, "01000000"));          // an issuer names a root
    EXPECT_FALSE(revoked_at(kHead + 8, 8, "0000000000000000"));  // number 0
    EXPECT_FALSE(revoked_at(kHead + 16, 1, "00"));               // of no kind
    EXPECT_FALSE(revoked_at(kHead + 16, 1, "03"));
    EXPECT_FALSE(revoked_at(kHead + 16, 1, "02"));  // an issuer with a node's serial
    EXPECT_TRUE(revoked_at(kHead + 16, 9, "020500000000000000"));
    EXPECT_FALSE(revoked_at(kHead + 16, 9, "020000000000000000"));

    const auto issuer_at = [](std::size_t at, std::size_t size, std::string_view by) {
        const Buffer bytes = build(issuer_certificate(), signing_key(kRootSeed));
        return identity::parse_issuer_certificate(spoiled(bytes, at, size, unhex(by))).has_value();
    };
    EXPECT_FALSE(issuer_at(kHead, 4, "00000000"));
    EXPECT_FALSE(issuer_at(kHead + 4, 4, "00000000"));
    const Buffer successor_bytes = build(successor(), signing_key(kRootSeed));
    EXPECT_FALSE(identity::parse_successor(spoiled(successor_bytes, kHead, 4, unhex("00000000"))));
}

// ---- Sizes --------------------------------------------------------------------------------------

/// A certificate with as much in it as is asked for.
Certificate filled(std::size_t name, std::size_t blocks, std::size_t routed) {
    Certificate result = certificate();
    result.name = std::string(name, 'a');
    result.blocks.clear();
    result.routed.clear();
    for (std::size_t i = 0; i < blocks; ++i) {
        result.blocks.push_back(prefix("fd00:1:2:" + std::to_string(i) + "::/64"));
    }
    for (std::size_t i = 0; i < routed; ++i) {
        result.routed.push_back(prefix("192.168." + std::to_string(i) + ".0/24"));
    }
    return result;
}

TEST(Statements, encoded_size_is_the_size) {
    for (std::size_t name : {1U, 20U, 63U}) {
        for (std::size_t blocks = 0; blocks <= identity::kBlocksMax; ++blocks) {
            for (std::size_t routed = 0; routed <= identity::kRoutedMax; ++routed) {
                const Certificate one = filled(name, blocks, routed);
                const std::size_t size = encode_body(one).size() + identity::kSignatureSize;
                EXPECT_EQ(encoded_size(one), size);
            }
        }
    }
}

TEST(Statements, are_not_longer_than_their_maximum) {
    // 218 bytes without name and prefixes; 63 + 4 * 18 + 7 * 6 make 395.
    const Certificate largest = filled(63, 4, 7);
    ASSERT_EQ(encoded_size(largest), 395U);
    const Buffer bytes = build(largest, signing_key(kIssuerSeed));
    EXPECT_EQ(*identity::parse_certificate(bytes), largest);
    EXPECT_EQ(error_of(with_extensions(bytes, "0103aabbcc")), "");
    EXPECT_NE(error_of(with_extensions(bytes, "0104aabbccdd")).find("too long"), std::string::npos);

    const Certificate larger = filled(63, 4, 8);
    EXPECT_GT(encoded_size(larger), identity::kCertificateSizeMax);
    EXPECT_DEATH(static_cast<void>(build(larger, signing_key(kIssuerSeed))), "parse_certificate");

    IssuerCertificate issuer = issuer_certificate();
    issuer.name = std::string(63, 'a');
    issuer.slices = filled(1, 4, 0).blocks;
    EXPECT_LE(build(issuer, signing_key(kRootSeed)).size(), identity::kCertificateSizeMax);
}

TEST(Names, are_labels_of_rfc_1123) {
    for (const char* name : {"a", "0", "a-b", "x0--9", "3com"}) {
        EXPECT_TRUE(identity::valid_name(name)) << name;
    }
    EXPECT_TRUE(identity::valid_name(std::string(63, 'a')));
    for (const char* name : {"", "-", "-a", "a-", "A", "a.b", "a_b", "a b", "\xc3\xa4"}) {
        EXPECT_FALSE(identity::valid_name(name)) << name;
    }
    EXPECT_FALSE(identity::valid_name(std::string(64, 'a')));
}

}  // namespace
}  // namespace weft::test
