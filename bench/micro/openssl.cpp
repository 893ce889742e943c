// SPDX-License-Identifier: Apache-2.0
// weft-bench-aead-openssl: EVP_chacha20_poly1305, one context a direction, key set once, a nonce a
// packet. OPENSSL_ia32cap in its environment limits what it may use; --isa is what to call that.
#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "harness.hpp"

namespace weft::bench {
namespace {

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

class Evp final : public Aead {
  public:
    Evp() {
        const ByteArray<32> key = bench_key();
        EVP_EncryptInit_ex(
            sealing_.get(), EVP_chacha20_poly1305(), nullptr, as_uchar(key.data()), nullptr);
        EVP_DecryptInit_ex(
            opening_.get(), EVP_chacha20_poly1305(), nullptr, as_uchar(key.data()), nullptr);
    }
    void seal(std::span<Packet> packets) override {
        for (Packet& packet : packets) {
            EVP_CIPHER_CTX* context = sealing_.get();
            const int size = static_cast<int>(packet.plain.size());
            unsigned char* out = as_uchar(packet.sealed.data());
            int made = 0;
            int rest = 0;
            EVP_EncryptInit_ex(
                context, nullptr, nullptr, nullptr, as_uchar(nonce_bytes(packet.nonce).data()));
            EVP_EncryptUpdate(context, out, &made, as_uchar(packet.plain.data()), size);
            EVP_EncryptFinal_ex(context, out + made, &rest);
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTag, out + size);
        }
    }
    bool open(std::span<Packet> packets) override {
        bool good = true;
        for (Packet& packet : packets) {
            EVP_CIPHER_CTX* context = opening_.get();
            const int size = static_cast<int>(packet.sealed.size() - kTag);
            unsigned char* at = as_uchar(packet.sealed.data());
            int made = 0;
            int rest = 0;
            EVP_DecryptInit_ex(
                context, nullptr, nullptr, nullptr, as_uchar(nonce_bytes(packet.nonce).data()));
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTag, at + size);
            EVP_DecryptUpdate(context, at, &made, at, size);
            good &= EVP_DecryptFinal_ex(context, at + made, &rest) == 1;
        }
        return good;
    }

  private:
    Context sealing_{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
    Context opening_{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
};

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
    const auto options = weft::bench::parse_options(argc, argv);
    weft::bench::Evp aead;
    const std::string isa = options.isa.empty() ? "auto" : options.isa;
    return weft::bench::measure(
               aead, "openssl", isa, OpenSSL_version(OPENSSL_VERSION_STRING), options)
               ? 0
               : 1;
}
