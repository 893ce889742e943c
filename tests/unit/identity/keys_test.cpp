// SPDX-License-Identifier: Apache-2.0
// Ed25519: RFC 8032's own vectors, and every signature and key that a lax verifier would take.
#include <sodium.h>

#include "low_order_points.hpp"
#include "statements.hpp"
#include "vector_file.hpp"

namespace weft::test {
namespace {

using identity::Signature;
using identity::valid_key;
using identity::VerifyKey;

VerifyKey verify_key(std::string_view hex) {
    return {unhex_array<32>(hex)};
}

/// SHA-512(R || A || context || message) mod L, as signatures have it.
ByteArray<32> challenge(const Signature& signature, const VerifyKey& key, ConstBytes body) {
    Buffer input(signature.begin(), signature.begin() + 32);
    input.insert(input.end(), key.bytes.begin(), key.bytes.end());
    const std::string_view context{"weft/v1/certificate\0", 20};
    const ConstBytes head = bytes_of(context);
    input.insert(input.end(), head.begin(), head.end());
    const identity::NetworkId id = network();
    input.insert(input.end(), id.bytes.begin(), id.bytes.end());
    input.insert(input.end(), body.begin(), body.end());
    ByteArray<64> hash{};
    crypto_hash_sha512(as_uchar(hash.data()), as_uchar(input.data()), input.size());
    ByteArray<32> reduced{};
    crypto_core_ed25519_scalar_reduce(as_uchar(reduced.data()), as_uchar(hash.data()));
    return reduced;
}

/// The secret scalar of a seed, below L.
ByteArray<32> scalar_of(const identity::SigningKey& key) {
    ByteArray<64> hash{};
    crypto_hash_sha512(as_uchar(hash.data()), key.seed().data(), 32);
    hash[0] &= std::byte{0xf8};
    hash[31] = (hash[31] & std::byte{0x7f}) | std::byte{0x40};
    ByteArray<64> wide{};
    std::copy_n(hash.begin(), 32, wide.begin());
    ByteArray<32> scalar{};
    crypto_core_ed25519_scalar_reduce(as_uchar(scalar.data()), as_uchar(wide.data()));
    return scalar;
}

const ByteArray<32> kNeutral =
    unhex_array<32>("0100000000000000000000000000000000000000000000000000000000000000");
/// All encodings of points whose order divides 8, canonical or not.
constexpr const char* kSmallOrder[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"};

TEST(Keys, agree_with_rfc_8032) {
    for (const auto& fields : read_vectors("ed25519.txt")) {
        ASSERT_EQ(fields.size(), 4U);
        const auto key = identity::SigningKey::from_seed(Secret<32>{unhex_array<32>(fields[0])});
        EXPECT_EQ(to_hex(key.verify_key().bytes), fields[1]);
        // The room signs with a context, so the vectors are held against what it signs with.
        const Buffer message = unhex(fields[2]);
        const Signature expected = unhex_array<64>(fields[3]);
        Secret<64> expanded;
        ByteArray<32> copy{};
        crypto_sign_seed_keypair(as_uchar(copy.data()), expanded.data(), key.seed().data());
        Signature signature{};
        crypto_sign_detached(as_uchar(signature.data()),
                             nullptr,
                             as_uchar(message.data()),
                             message.size(),
                             expanded.data());
        EXPECT_EQ(to_hex(signature), to_hex(expected));
    }
}

TEST(Keys, sign_context_network_and_body) {
    const auto key = signing_key(1);
    const Buffer body = unhex("00ff10");
    const Signature signature = sign(identity::kKindJoin, network(), body, key);
    Buffer message;
    const std::string_view context{"weft/v1/join\0", 13};
    const ConstBytes head = bytes_of(context);
    message.insert(message.end(), head.begin(), head.end());
    const identity::NetworkId id = network();
    message.insert(message.end(), id.bytes.begin(), id.bytes.end());
    message.insert(message.end(), body.begin(), body.end());
    EXPECT_EQ(crypto_sign_verify_detached(as_uchar(signature.data()),
                                          as_uchar(message.data()),
                                          message.size(),
                                          as_uchar(key.verify_key().bytes.data())),
              0);
}

TEST(Keys, a_signature_is_good_for_its_kind_network_body_and_key_only) {
    const auto key = signing_key(1);
    const Buffer body = unhex("00ff10");
    const identity::NetworkId other{unhex_array<16>("000102030405060708090a0b0c0d0e0f")};
    const Signature good = sign(identity::kKindRecord, network(), body, key);
    EXPECT_TRUE(verify(identity::kKindRecord, network(), body, good, key.verify_key()));
    EXPECT_FALSE(verify(identity::kKindJoin, network(), body, good, key.verify_key()));
    EXPECT_FALSE(verify(identity::kKindRecord, other, body, good, key.verify_key()));
    EXPECT_FALSE(verify(
        identity::kKindRecord, network(), ConstBytes{body}.first(2), good, key.verify_key()));
    EXPECT_FALSE(verify(identity::kKindRecord, network(), body, good, signing_key(2).verify_key()));
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
        Signature bad = good;
        bad[bit / 8] ^= std::byte{1} << (bit % 8);
        EXPECT_FALSE(verify(identity::kKindRecord, network(), body, bad, key.verify_key())) << bit;
    }
}

TEST(Keys, a_signature_whose_s_is_not_canonical_is_refused) {
    // L, the order of the base point; S + L satisfies the same equation.
    const auto order =
        unhex_array<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    const auto key = signing_key(1);
    Signature signature = sign(identity::kKindRecord, network(), {}, key);
    unsigned carry = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        carry += std::to_integer<unsigned>(signature[32 + i]) + std::to_integer<unsigned>(order[i]);
        signature[32 + i] = static_cast<std::byte>(carry);
        carry >>= 8;
    }
    ASSERT_EQ(carry, 0U);
    EXPECT_FALSE(verify(identity::kKindRecord, network(), {}, signature, key.verify_key()));
}

TEST(Keys, a_signature_whose_r_is_of_small_order_is_refused) {
    // With R neutral, S = h * a satisfies the equation for whoever knows a.
    const auto key = signing_key(1);
    const Buffer body = unhex("0102");
    Signature signature{};
    std::copy(kNeutral.begin(), kNeutral.end(), signature.begin());
    const ByteArray<32> hash = challenge(signature, key.verify_key(), body);
    const ByteArray<32> secret = scalar_of(key);
    ByteArray<32> s{};
    crypto_core_ed25519_scalar_mul(
        as_uchar(s.data()), as_uchar(hash.data()), as_uchar(secret.data()));
    std::copy(s.begin(), s.end(), signature.begin() + 32);

    ByteArray<32> left{};  // S * B = h * A: the equation holds
    ByteArray<32> right{};
    ASSERT_EQ(crypto_scalarmult_ed25519_base_noclamp(as_uchar(left.data()), as_uchar(s.data())), 0);
    ASSERT_EQ(
        crypto_scalarmult_ed25519_noclamp(
            as_uchar(right.data()), as_uchar(hash.data()), as_uchar(key.verify_key().bytes.data())),
        0);
    ASSERT_EQ(to_hex(left), to_hex(right));
    EXPECT_FALSE(verify(identity::kKindCertificate, network(), body, signature, key.verify_key()));
}

TEST(Keys, a_key_of_small_order_verifies_nothing_and_is_none) {
    for (const char* hex : kSmallOrder) {
        const VerifyKey key = verify_key(hex);
        EXPECT_FALSE(valid_key(key)) << hex;
        // R = A, S = 0 and R neutral, S = 0 satisfy a lax equation for many messages.
        for (const ByteArray<32>& r : {key.bytes, kNeutral}) {
            Signature signature{};
            std::copy(r.begin(), r.end(), signature.begin());
            for (std::uint8_t i = 0; i < 32; ++i) {
                const ByteArray<1> body{std::byte{i}};
                EXPECT_FALSE(verify(identity::kKindCertificate, network(), body, signature, key));
            }
        }
    }
}

TEST(Keys, only_canonical_points_of_the_prime_order_are_verify_keys) {
    EXPECT_TRUE(valid_key(signing_key(1).verify_key()));
    EXPECT_FALSE(valid_key(VerifyKey{}));
    for (unsigned y = 0; y < 19; ++y) {  // p + y, with either sign
        VerifyKey key =
            verify_key("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
        key.bytes[0] = static_cast<std::byte>(0xed + y);
        EXPECT_FALSE(valid_key(key)) << y;
        key.bytes[31] = std::byte{0xff};
        EXPECT_FALSE(valid_key(key)) << y;
    }
    // A good key plus a point of order 8: on the curve, canonical, of mixed order.
    const VerifyKey torsion = verify_key(kSmallOrder[12]);
    VerifyKey mixed;
    ASSERT_EQ(crypto_core_ed25519_add(as_uchar(mixed.bytes.data()),
                                      as_uchar(signing_key(1).verify_key().bytes.data()),
                                      as_uchar(torsion.bytes.data())),
              0);
    EXPECT_FALSE(valid_key(mixed));
}

TEST(Keys, only_canonical_points_of_high_order_are_public_keys) {
    EXPECT_TRUE(valid_key(public_key(1)));
    for (const char* hex : kLowOrderPoints) {
        EXPECT_FALSE(valid_key(crypto::PublicKey{unhex_array<32>(hex)})) << hex;
    }
    crypto::PublicKey top_bit = public_key(1);
    top_bit.bytes[31] |= std::byte{0x80};
    EXPECT_FALSE(valid_key(top_bit));
    crypto::PublicKey last{
        unhex_array<32>("ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")};
    EXPECT_TRUE(valid_key(last));  // p - 2
    for (unsigned low = 0xed; low <= 0xff; ++low) {
        last.bytes[0] = static_cast<std::byte>(low);
        EXPECT_FALSE(valid_key(last)) << low;
    }
}

TEST(Keys, are_repeatable_and_named_by_their_hash) {
    SeededRandom one{7};
    SeededRandom same{7};
    SeededRandom other{8};
    const auto key = identity::SigningKey::generate(one);
    EXPECT_EQ(key.verify_key(), identity::SigningKey::generate(same).verify_key());
    EXPECT_NE(key.verify_key(), identity::SigningKey::generate(other).verify_key());
    EXPECT_EQ(key.clone().verify_key(), key.verify_key());
    EXPECT_EQ(key.clone().seed(), key.seed());

    const identity::NodeId id = node_id_of(signing_key(1).verify_key());
    EXPECT_EQ(id.to_string().size(), 32U);
    EXPECT_EQ(id.to_string(), network().to_string());  // one hash of one key
    EXPECT_NE(id, node_id_of(signing_key(2).verify_key()));
}

}  // namespace
}  // namespace weft::test
