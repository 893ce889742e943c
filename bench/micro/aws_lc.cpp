// SPDX-License-Identifier: Apache-2.0
// weft-bench-aead-aws-lc: EVP_AEAD_CTX_seal and _open, AWS-LC's fastest door for single messages.
#include <openssl/aead.h>

#include "harness.hpp"

namespace weft::bench {
namespace {

class AwsLc final : public Aead {
  public:
    AwsLc() {
        const ByteArray<32> key = bench_key();
        EVP_AEAD_CTX_init(&context_,
                          EVP_aead_chacha20_poly1305(),
                          as_uchar(key.data()),
                          key.size(),
                          kTag,
                          nullptr);
    }
    ~AwsLc() override { EVP_AEAD_CTX_cleanup(&context_); }
    AwsLc(const AwsLc&) = delete;
    AwsLc& operator=(const AwsLc&) = delete;

    void seal(std::span<Packet> packets) override {
        for (Packet& packet : packets) {
            const auto nonce = nonce_bytes(packet.nonce);
            std::size_t size = 0;
            EVP_AEAD_CTX_seal(&context_,
                              as_uchar(packet.sealed.data()),
                              &size,
                              packet.sealed.size(),
                              as_uchar(nonce.data()),
                              nonce.size(),
                              as_uchar(packet.plain.data()),
                              packet.plain.size(),
                              nullptr,
                              0);
        }
    }
    bool open(std::span<Packet> packets) override {
        bool good = true;
        for (Packet& packet : packets) {
            const auto nonce = nonce_bytes(packet.nonce);
            std::size_t size = 0;
            good &= EVP_AEAD_CTX_open(&context_,
                                      as_uchar(packet.sealed.data()),
                                      &size,
                                      packet.sealed.size(),
                                      as_uchar(nonce.data()),
                                      nonce.size(),
                                      as_uchar(packet.sealed.data()),
                                      packet.sealed.size(),
                                      nullptr,
                                      0) == 1;
        }
        return good;
    }

  private:
    EVP_AEAD_CTX context_;
};

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
    const auto options = weft::bench::parse_options(argc, argv);
    weft::bench::AwsLc aead;
    return weft::bench::measure(aead, "aws-lc", "auto", WEFT_AWS_LC_VERSION, options) ? 0 : 1;
}
