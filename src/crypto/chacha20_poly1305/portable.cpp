// SPDX-License-Identifier: Apache-2.0
// ChaCha20-Poly1305 (RFC 8439) in plain C++, block by block: for CPUs without vectors (ARMv7 boards
// without NEON) and as the kernel that the others are tested against. Poly1305 in 64-bit limbs
// where the compiler has 128-bit products, in 26-bit limbs elsewhere.
#include <cstring>

#include "chacha20_poly1305/kernels.hpp"
#include "chacha20_poly1305/poly1305_scalar.hpp"
#include "chacha20_poly1305/text.hpp"

namespace weft::crypto::chacha20_poly1305 {

namespace {

inline std::uint32_t rotate_left(std::uint32_t value, int by) {
    return (value << by) | (value >> (32 - by));
}

struct Words {
    std::uint32_t word[16];
};

WEFT_KERNEL void quarter_round(std::uint32_t& a,
                               std::uint32_t& b,
                               std::uint32_t& c,
                               std::uint32_t& d) {
    a += b;
    d = rotate_left(d ^ a, 16);
    c += d;
    b = rotate_left(b ^ c, 12);
    a += b;
    d = rotate_left(d ^ a, 8);
    c += d;
    b = rotate_left(b ^ c, 7);
#if defined(__arm__)
    // Keeps quarter rounds in order: GCC 12 mixes them beyond what 14 registers hold (47 loads and
    // stores in a double round instead of 14).
    asm volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
#endif
}

Words start_of(const Work& work) {
    Words start{{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}};
    WEFT_UNROLL
    for (unsigned i = 0; i < 8; ++i) {
        start.word[4 + i] = load_word(work.key + std::size_t{4} * i);
    }
    start.word[14] = static_cast<std::uint32_t>(work.nonce);
    start.word[15] = static_cast<std::uint32_t>(work.nonce >> 32);
    return start;
}

/// The block at the counter of `start`, before that is added.
WEFT_KERNEL Words rounds(const Words& start) {
    Words x = start;
    std::uint32_t* const w = x.word;
    for (unsigned i = 0; i < 10; ++i) {
        quarter_round(w[0], w[4], w[8], w[12]);
        quarter_round(w[1], w[5], w[9], w[13]);
        quarter_round(w[2], w[6], w[10], w[14]);
        quarter_round(w[3], w[7], w[11], w[15]);
        quarter_round(w[0], w[5], w[10], w[15]);
        quarter_round(w[1], w[6], w[11], w[12]);
        quarter_round(w[2], w[7], w[8], w[13]);
        quarter_round(w[3], w[4], w[9], w[14]);
    }
    return x;
}

/// XORs the block at the counter of `start` to 64 bytes of text.
void add_block(std::uint8_t* out, const std::uint8_t* text, const Words& start) {
    const Words x = rounds(start);
    WEFT_UNROLL
    for (unsigned i = 0; i < 16; ++i) {
        const std::uint32_t word = load_word(text + std::size_t{4} * i);
        store_word(out + std::size_t{4} * i, word ^ (x.word[i] + start.word[i]));
    }
}

Poly1305 mac_of(const Words& start) {
    const Words block = rounds(start);
    std::uint8_t key[32];
    for (unsigned i = 0; i < 8; ++i) {
        store_word(key + std::size_t{4} * i, block.word[i] + start.word[i]);
    }
    return Poly1305{key};
}

template <bool kSealing>
void one(const Work& work) {
    Words start = start_of(work);
    Poly1305 mac = mac_of(start);
    for (std::size_t from = 0; from < work.size; from += kBlock) {
        const std::size_t size = at_most(work.size - from, kBlock);
        const bool direct = size == kBlock && is_in_payload(work, from, size);
        std::uint8_t scratch[kBlock];
        if (!direct) {
            Copies::gather(scratch, stretch_of(work, from, size));
        }
        const std::uint8_t* const text = direct ? work.payload + (from - work.head_size) : scratch;
        std::uint8_t* const out = direct ? work.out + from : scratch;
        if (!kSealing) {
            mac.update(text, size);
        }
        start.word[12] += 1;
        add_block(out, text, start);
        if (!direct) {
            std::memcpy(work.out + from, out, size);
        }
        if (kSealing) {
            mac.update(out, size);
        }
    }
    mac.finish(work.size, work.tag);
}

}  // namespace

const Engine kPortableEngine = {
    .seal_one = one<true>,
    .open_one = one<false>,
};

}  // namespace weft::crypto::chacha20_poly1305
