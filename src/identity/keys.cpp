// SPDX-License-Identifier: Apache-2.0
// Ed25519 by libsodium, whose detached verification is the strict one (RFC 8032 5.1.7 without
// cofactor; S, A and R canonical, A and R not of small order), and which keys can be anybody's.
// Control plane; any thread once crypto::initialize() has run.
#include <algorithm>
#include <iterator>
#include <vector>

#include <sodium.h>

#include <weft/base/assert.hpp>
#include <weft/base/byte_writer.hpp>
#include <weft/base/checksum.hpp>
#include <weft/base/encoding.hpp>
#include <weft/identity/keys.hpp>

namespace weft::identity {
namespace {

static_assert(crypto_sign_BYTES == kSignatureSize && crypto_sign_SEEDBYTES == 32);
static_assert(crypto_sign_PUBLICKEYBYTES == 32 && crypto_sign_SECRETKEYBYTES == 64);

constexpr std::string_view kContext = "weft/v1/";
constexpr std::size_t kContextMax = 64;  // context, kind and network id: for one allocation

std::vector<std::byte> message_of(std::string_view kind,
                                  const NetworkId& network,
                                  ConstBytes body) {
    ByteWriter message{kContextMax + body.size()};
    message.append(kContext);
    message.append(kind);
    message.write(std::uint8_t{0});
    message.append(network.bytes);
    message.append(body);
    return std::move(message).release();
}

/// Canonical points of Curve25519 (and of its twist) whose order divides 8: 0, 1, -1 and two of
/// order 8.
constexpr std::array<std::array<std::uint8_t, 32>, 5> kLowOrder{{
    {},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
     0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
     0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
     0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
     0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
}};

/// Below p = 2^255 - 19, little-endian.
bool below_p(const ByteArray<32>& number) {
    constexpr std::byte kLast{0x7f};
    constexpr std::byte kFirst{0xed};
    const bool all_ones = number[31] == kLast &&
                          std::all_of(number.begin() + 1, number.end() - 1, [](std::byte byte) {
                              return byte == std::byte{0xff};
                          });
    return number[31] <= kLast && !(all_ones && number[0] >= kFirst);
}

}  // namespace

std::string NodeId::to_string() const {
    return to_hex(bytes);
}

std::string NetworkId::to_string() const {
    return to_hex(bytes);
}

NodeId node_id_of(const VerifyKey& key) {
    return {blake2b_128(key.bytes)};
}

NetworkId network_id_of(const VerifyKey& first_root) {
    return {blake2b_128(first_root.bytes)};
}

SigningKey SigningKey::generate(RandomSource& random) {
    Secret<32> seed;
    random.fill(seed.mutable_bytes());
    return from_seed(std::move(seed));
}

SigningKey SigningKey::from_seed(Secret<32> seed) {
    SigningKey key;
    key.seed_ = std::move(seed);
    crypto_sign_seed_keypair(
        as_uchar(key.public_.bytes.data()), key.expanded_.data(), key.seed_.data());
    return key;
}

bool valid_key(const VerifyKey& key) {
    return crypto_core_ed25519_is_valid_point(as_uchar(key.bytes.data())) == 1;
}

bool valid_key(const crypto::PublicKey& key) {
    const auto same = [&](const std::array<std::uint8_t, 32>& point) {
        return std::memcmp(point.data(), key.bytes.data(), point.size()) == 0;
    };
    return below_p(key.bytes) && std::none_of(kLowOrder.begin(), kLowOrder.end(), same);
}

Signature sign(std::string_view kind,
               const NetworkId& network,
               ConstBytes body,
               const SigningKey& key) {
    const std::vector<std::byte> message = message_of(kind, network, body);
    Signature signature;
    crypto_sign_detached(as_uchar(signature.data()),
                         nullptr,
                         as_uchar(message.data()),
                         message.size(),
                         key.expanded_.data());
    return signature;
}

bool verify(std::string_view kind,
            const NetworkId& network,
            ConstBytes body,
            const Signature& signature,
            const VerifyKey& key) {
    const std::vector<std::byte> message = message_of(kind, network, body);
    return crypto_sign_verify_detached(as_uchar(signature.data()),
                                       as_uchar(message.data()),
                                       message.size(),
                                       as_uchar(key.bytes.data())) == 0;
}

}  // namespace weft::identity
