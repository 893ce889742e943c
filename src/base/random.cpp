// SPDX-License-Identifier: Apache-2.0
// The two sources of randomness: the kernel's for keys, a seeded stream for tests and simulations.
// A source belongs to one thread (SystemRandom has no state and may be shared).
#include <sodium.h>

#include <weft/base/assert.hpp>
#include <weft/base/endian.hpp>
#include <weft/base/random.hpp>

namespace weft {

std::uint32_t RandomSource::next_u32() {
    ByteArray<4> bytes;
    fill(bytes);
    return load_le32(bytes.data());
}

std::uint64_t RandomSource::uniform(std::uint64_t bound) {
    WEFT_ASSERT(bound > 0);
    // 2^64 mod bound: draws under it are thrown away, the rest is a whole number of bounds.
    const std::uint64_t surplus = (0 - bound) % bound;
    for (;;) {
        ByteArray<8> bytes;
        fill(bytes);
        const std::uint64_t draw = load_le64(bytes.data());
        if (draw >= surplus) {
            return draw % bound;
        }
    }
}

void SystemRandom::fill(Bytes out) {
    if (!out.empty()) {  // libsodium takes no null pointers
        randombytes_buf(out.data(), out.size());
    }
}

void SeededRandom::fill(Bytes out) {
    static_assert(crypto_stream_chacha20_KEYBYTES == 32 && crypto_stream_chacha20_NONCEBYTES == 8);
    if (out.empty()) {
        return;
    }
    ByteArray<32> key{};
    ByteArray<8> nonce{};
    store_le64(key.data(), seed_);
    store_le64(nonce.data(), block_++);  // each call is a stream of its own
    crypto_stream_chacha20(
        as_uchar(out.data()), out.size(), as_uchar(nonce.data()), as_uchar(key.data()));
}

}  // namespace weft
