// SPDX-License-Identifier: Apache-2.0
// X25519 against RFC 7748, and the points that must be refused.
#include <gtest/gtest.h>

#include <weft/base/random.hpp>
#include <weft/crypto/x25519.hpp>

#include "hex.hpp"
#include "low_order_points.hpp"

namespace weft::crypto {
namespace {

PrivateKey private_key(std::string_view hex) {
    return PrivateKey{test::unhex_array<32>(hex)};
}
PublicKey public_key(std::string_view hex) {
    return {test::unhex_array<32>(hex)};
}
std::string dh_hex(const PrivateKey& key, const PublicKey& other) {
    SharedSecret shared;
    return dh(key, other, shared) ? to_hex(shared.bytes()) : "refused";
}

TEST(X25519, AgreesWithRfc7748) {
    EXPECT_EQ(
        dh_hex(private_key("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
               public_key("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")),
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    EXPECT_EQ(
        dh_hex(private_key("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
               public_key("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493")),
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
}

TEST(X25519, AgreesWithRfc7748WhenIterated) {
    PrivateKey key =
        private_key("0900000000000000000000000000000000000000000000000000000000000000");
    PublicKey point =
        public_key("0900000000000000000000000000000000000000000000000000000000000000");
    for (int i = 1; i <= 1000; ++i) {
        SharedSecret result;
        ASSERT_TRUE(dh(key, point, result));
        copy_bytes(key.bytes(), point.bytes);
        key = std::move(result);
        if (i == 1) {
            EXPECT_EQ(to_hex(key.bytes()),
                      "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
        }
    }
    EXPECT_EQ(to_hex(key.bytes()),
              "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

TEST(X25519, AgreesOnTheSecretOfRfc7748) {
    const PrivateKey alice =
        private_key("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    const PrivateKey bob =
        private_key("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    EXPECT_EQ(to_hex(public_key_of(alice).bytes),
              "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    EXPECT_EQ(to_hex(public_key_of(bob).bytes),
              "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    const std::string expected = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
    EXPECT_EQ(dh_hex(alice, public_key_of(bob)), expected);
    EXPECT_EQ(dh_hex(bob, public_key_of(alice)), expected);
}

TEST(X25519, RefusesEveryPointOfLowOrder) {
    SeededRandom random{51};
    for (const char* hex : test::kLowOrderPoints) {
        PublicKey point = public_key(hex);
        for (const bool top_bit : {false, true}) {  // ignored by RFC 7748, 5
            point.bytes[31] ^= std::byte{top_bit ? std::uint8_t{0x80} : std::uint8_t{0}};
            const PrivateKey key = generate_private_key(random);
            SharedSecret out = generate_private_key(random);
            EXPECT_FALSE(dh(key, point, out)) << hex << top_bit;
            EXPECT_TRUE(out.is_zero());
        }
    }
}

TEST(X25519, ClampsPrivateKeys) {
    PrivateKey key =
        private_key("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    clamp(key);
    EXPECT_EQ(to_hex(key.bytes()),
              "f8ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    key.wipe();
    clamp(key);
    EXPECT_EQ(to_hex(key.bytes()),
              "0000000000000000000000000000000000000000000000000000000000000040");
}

TEST(X25519, GeneratesClampedKeysFromTheSourceItIsGiven) {
    SeededRandom one{52};
    SeededRandom same{52};
    const PrivateKey key = generate_private_key(one);
    EXPECT_TRUE(key == generate_private_key(same));
    EXPECT_FALSE(key == generate_private_key(one));
    PrivateKey clamped = key.clone();
    clamp(clamped);
    EXPECT_TRUE(key == clamped);
}

TEST(X25519, GivesBothSidesTheSameSecret) {
    SeededRandom random{53};
    for (int i = 0; i < 50; ++i) {
        const PrivateKey a = generate_private_key(random);
        const PrivateKey b = generate_private_key(random);
        const std::string secret = dh_hex(a, public_key_of(b));
        EXPECT_EQ(secret, dh_hex(b, public_key_of(a)));
        EXPECT_NE(secret, "refused");
    }
}

TEST(Initialize, MayBeCalledAgain) {
    EXPECT_TRUE(initialize());
    EXPECT_TRUE(initialize());
}

}  // namespace
}  // namespace weft::crypto
