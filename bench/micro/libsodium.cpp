// SPDX-License-Identifier: Apache-2.0
// weft-bench-aead-libsodium: crypto_aead_chacha20poly1305_ietf, which chooses its code by itself.
#include <sodium.h>

#include "harness.hpp"

namespace weft::bench {
namespace {

class Sodium final : public Aead {
  public:
    void seal(std::span<Packet> packets) override {
        for (Packet& packet : packets) {
            crypto_aead_chacha20poly1305_ietf_encrypt(as_uchar(packet.sealed.data()),
                                                      nullptr,
                                                      as_uchar(packet.plain.data()),
                                                      packet.plain.size(),
                                                      nullptr,
                                                      0,
                                                      nullptr,
                                                      as_uchar(nonce_bytes(packet.nonce).data()),
                                                      as_uchar(key_.data()));
        }
    }
    bool open(std::span<Packet> packets) override {
        bool good = true;
        for (Packet& packet : packets) {
            good &= crypto_aead_chacha20poly1305_ietf_decrypt(
                        as_uchar(packet.sealed.data()),
                        nullptr,
                        nullptr,
                        as_uchar(packet.sealed.data()),
                        packet.sealed.size(),
                        nullptr,
                        0,
                        as_uchar(nonce_bytes(packet.nonce).data()),
                        as_uchar(key_.data())) == 0;
        }
        return good;
    }

  private:
    ByteArray<32> key_ = bench_key();
};

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
    const auto options = weft::bench::parse_options(argc, argv);
    weft::bench::Sodium aead;
    const bool good =
        sodium_init() >= 0 &&
        weft::bench::measure(aead, "libsodium", "auto", sodium_version_string(), options);
    return good ? 0 : 1;
}
