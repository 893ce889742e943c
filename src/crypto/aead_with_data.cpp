// SPDX-License-Identifier: Apache-2.0
// Sealing and opening of single messages with associated data: the fields of a handshake message
// (RFC 8439, counter nonce) and the cookie (XChaCha20, random nonce). Handshake lane; any thread.
#include <sodium.h>

#include <weft/base/assert.hpp>
#include <weft/base/endian.hpp>
#include <weft/crypto/aead.hpp>

namespace weft::crypto {

namespace {

static_assert(kTagSize == crypto_aead_chacha20poly1305_ietf_ABYTES);
static_assert(kTagSize == crypto_aead_xchacha20poly1305_ietf_ABYTES);

ByteArray<crypto_aead_chacha20poly1305_ietf_NPUBBYTES> nonce_of(std::uint64_t counter) {
    ByteArray<crypto_aead_chacha20poly1305_ietf_NPUBBYTES> nonce{};
    store_le64(&nonce[4], counter);
    return nonce;
}

bool wipe_unless(bool opened, Bytes out) {
    if (!opened && !out.empty()) {
        sodium_memzero(out.data(), out.size());
    }
    return opened;
}

}  // namespace

void seal_with_data(const AeadKey& key,
                    std::uint64_t counter,
                    ConstBytes associated_data,
                    ConstBytes plaintext,
                    Bytes out) {
    WEFT_ASSERT(out.size() == plaintext.size() + kTagSize);
    crypto_aead_chacha20poly1305_ietf_encrypt(as_uchar(out.data()),
                                              nullptr,
                                              as_uchar(plaintext.data()),
                                              plaintext.size(),
                                              as_uchar(associated_data.data()),
                                              associated_data.size(),
                                              nullptr,
                                              as_uchar(nonce_of(counter).data()),
                                              key.data());
}

bool open_with_data(const AeadKey& key,
                    std::uint64_t counter,
                    ConstBytes associated_data,
                    ConstBytes sealed,
                    Bytes out) {
    WEFT_ASSERT(sealed.size() == out.size() + kTagSize);
    const int failed = crypto_aead_chacha20poly1305_ietf_decrypt(as_uchar(out.data()),
                                                                 nullptr,
                                                                 nullptr,
                                                                 as_uchar(sealed.data()),
                                                                 sealed.size(),
                                                                 as_uchar(associated_data.data()),
                                                                 associated_data.size(),
                                                                 as_uchar(nonce_of(counter).data()),
                                                                 key.data());
    return wipe_unless(failed == 0, out);
}

void xseal(const AeadKey& key,
           std::span<const std::byte, 24> nonce,
           ConstBytes associated_data,
           ConstBytes plaintext,
           Bytes out) {
    WEFT_ASSERT(out.size() == plaintext.size() + kTagSize);
    crypto_aead_xchacha20poly1305_ietf_encrypt(as_uchar(out.data()),
                                               nullptr,
                                               as_uchar(plaintext.data()),
                                               plaintext.size(),
                                               as_uchar(associated_data.data()),
                                               associated_data.size(),
                                               nullptr,
                                               as_uchar(nonce.data()),
                                               key.data());
}

bool xopen(const AeadKey& key,
           std::span<const std::byte, 24> nonce,
           ConstBytes associated_data,
           ConstBytes sealed,
           Bytes out) {
    WEFT_ASSERT(sealed.size() == out.size() + kTagSize);
    const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(as_uchar(out.data()),
                                                                  nullptr,
                                                                  nullptr,
                                                                  as_uchar(sealed.data()),
                                                                  sealed.size(),
                                                                  as_uchar(associated_data.data()),
                                                                  associated_data.size(),
                                                                  as_uchar(nonce.data()),
                                                                  key.data());
    return wipe_unless(failed == 0, out);
}

}  // namespace weft::crypto
