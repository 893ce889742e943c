// SPDX-License-Identifier: Apache-2.0
// Sealing and opening of join messages, by hand where libsodium has crypto_box_seal: that one takes
// its ephemeral key from the system alone, and binds neither a network nor a direction.
#include "join_sealing.hpp"

#include <weft/base/assert.hpp>
#include <weft/base/byte_writer.hpp>

namespace weft::identity {
namespace {

constexpr std::string_view kRequestContext = "weft/v1/join-request";
constexpr std::string_view kReplyContext = "weft/v1/join-reply";
constexpr ByteArray<kBoxNonceSize> kZeroNonce{};

/// BLAKE2b-256 keyed by the DH over what both sides must agree on; nullopt where the other's key is
/// of low order.
std::optional<crypto::AeadKey> derive_key(std::string_view context,
                                          const crypto::PrivateKey& own,
                                          const crypto::PublicKey& other,
                                          ConstBytes agreed) {
    crypto::SharedSecret shared;
    if (!crypto::dh(own, other, shared)) {
        return std::nullopt;
    }
    ByteWriter input;
    input.append(context);
    input.write(std::uint8_t{0});
    input.append(agreed);
    crypto::AeadKey key;
    crypto_generichash(key.data(),
                       crypto::AeadKey::kSize,
                       as_uchar(input.bytes().data()),
                       input.size(),
                       shared.data(),
                       crypto::SharedSecret::kSize);
    return key;
}

ByteWriter request_parties(const NetworkId& network,
                           const crypto::PublicKey& ephemeral,
                           const crypto::PublicKey& issuer) {
    ByteWriter out;
    out.append(network.bytes);
    out.append(ephemeral.bytes);
    out.append(issuer.bytes);
    return out;
}

ByteWriter reply_parties(const crypto::PublicKey& issuer, const crypto::PublicKey& reply_key) {
    ByteWriter out;
    out.append(issuer.bytes);
    out.append(reply_key.bytes);
    return out;
}

std::optional<std::vector<std::byte>> open_box(const std::optional<crypto::AeadKey>& key,
                                               std::span<const std::byte, kBoxNonceSize> nonce,
                                               ConstBytes box) {
    std::vector<std::byte> plain(box.size() - crypto::kTagSize);
    if (!key || !crypto::xopen(*key, nonce, {}, box, plain)) {
        return std::nullopt;
    }
    return plain;
}

}  // namespace

std::vector<std::byte> seal_request_plain(ConstBytes plain,
                                          const NetworkId& network,
                                          const crypto::PublicKey& issuer,
                                          RandomSource& random) {
    WEFT_ASSERT(plain.size() == kRequestPlainSize);
    const crypto::PrivateKey ephemeral = crypto::generate_private_key(random);
    const crypto::PublicKey ephemeral_public = crypto::public_key_of(ephemeral);
    const auto key = derive_key(kRequestContext,
                                ephemeral,
                                issuer,
                                request_parties(network, ephemeral_public, issuer).bytes());
    WEFT_ASSERT(key.has_value());  // no token and no certificate has such a key

    std::vector<std::byte> sealed(kJoinRequestSize);
    const Bytes box = copy_bytes(ephemeral_public.bytes, sealed);
    crypto::xseal(*key, kZeroNonce, {}, plain, box);  // the key is this message's alone
    return sealed;
}

std::optional<std::vector<std::byte>> open_request_plain(ConstBytes sealed,
                                                         const NetworkId& network,
                                                         const crypto::PrivateKey& issuer) {
    if (sealed.size() != kJoinRequestSize) {
        return std::nullopt;
    }
    crypto::PublicKey ephemeral;
    copy_bytes(sealed.first(sizeof ephemeral), ephemeral.bytes);
    const auto key =
        derive_key(kRequestContext,
                   issuer,
                   ephemeral,
                   request_parties(network, ephemeral, crypto::public_key_of(issuer)).bytes());
    return open_box(key, kZeroNonce, sealed.subspan(sizeof ephemeral));
}

std::vector<std::byte> seal_reply_plain(ConstBytes plain,
                                        const crypto::PublicKey& reply_key,
                                        const crypto::PrivateKey& issuer,
                                        RandomSource& random) {
    WEFT_ASSERT(plain.size() <= kReplyPlainMax);
    const auto key = derive_key(kReplyContext,
                                issuer,
                                reply_key,
                                reply_parties(crypto::public_key_of(issuer), reply_key).bytes());
    WEFT_ASSERT(key.has_value());  // open_join_request lets no such key through

    std::vector<std::byte> sealed(kBoxNonceSize + plain.size() + crypto::kTagSize);
    ByteArray<kBoxNonceSize> nonce;  // the same request may be answered twice
    random.fill(nonce);
    crypto::xseal(*key, nonce, {}, plain, copy_bytes(nonce, sealed));
    return sealed;
}

std::optional<std::vector<std::byte>> open_reply_plain(ConstBytes sealed,
                                                       const crypto::PrivateKey& reply_key,
                                                       const crypto::PublicKey& issuer) {
    if (sealed.size() < kBoxNonceSize + crypto::kTagSize || sealed.size() > kJoinReplySizeMax) {
        return std::nullopt;
    }
    const auto key = derive_key(kReplyContext,
                                reply_key,
                                issuer,
                                reply_parties(issuer, crypto::public_key_of(reply_key)).bytes());
    return open_box(key, sealed.first<kBoxNonceSize>(), sealed.subspan(kBoxNonceSize));
}

}  // namespace weft::identity
