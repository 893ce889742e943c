// SPDX-License-Identifier: Apache-2.0
// Poly1305 (RFC 8439, 2.5) over the ciphertext of an AEAD without associated data (2.8), one block
// at a time. With 128-bit products: h in limbs of 64, 64 and a few bits; r's clamped bits make r1 *
// 2^128 equal r1 / 4 * 5. Without: five limbs of 26 bits.
#pragma once

#include "chacha20_poly1305/text.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

inline constexpr bool kIsLittleEndian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

inline std::uint32_t load_word(const std::uint8_t* from) {
    std::uint32_t word = 0;
    std::memcpy(&word, from, sizeof word);
    return kIsLittleEndian ? word : __builtin_bswap32(word);
}
inline void store_word(std::uint8_t* to, std::uint32_t word) {
    word = kIsLittleEndian ? word : __builtin_bswap32(word);
    std::memcpy(to, &word, sizeof word);
}

#if defined(__SIZEOF_INT128__)

class Poly1305 {
    __extension__ using Wide = unsigned __int128;
    using U64 = std::uint64_t;

  public:
    /// `key` is the first 8 words of the key block.
    explicit WEFT_KERNEL Poly1305(const std::uint8_t* key)
        : r0_(load(key) & 0x0ffffffc0fffffff),
          r1_(load(key + 8) & 0x0ffffffc0ffffffc),
          s1_(r1_ + (r1_ >> 2)),
          pad0_(load(key + 16)),
          pad1_(load(key + 24)) {}

    /// A whole number of blocks, but for the last call: that one is padded with zeros.
    WEFT_KERNEL void update(const std::uint8_t* text, std::size_t size) {
        for (; size >= 16; text += 16, size -= 16) {
            take<1>(text);
        }
        if (size != 0) {
            std::uint8_t block[16] = {};
            WEFT_IN_SCOPE(block, sizeof block);
            std::memcpy(block, text, size);
            take<1>(block);
        }
    }

    /// Some blocks, without branches.
    template <std::size_t kBlocks>
    WEFT_KERNEL void take(const std::uint8_t* text) {
        WEFT_UNROLL
        for (std::size_t i = 0; i < kBlocks; ++i) {
            absorb(load(text + 16 * i), load(text + 16 * i + 8));
        }
    }

    WEFT_FRAME void finish(std::uint64_t size, std::uint8_t* tag) {
        absorb(0, size);
        // h + 5 reaches 2^130 exactly if h is not below the modulus.
        U64 less[3] = {h_[0], h_[1], h_[2]};
        add(less, 5, 0, 0);
        const U64 take = 0 - (less[2] >> 2);
        h_[0] ^= (h_[0] ^ less[0]) & take;
        h_[1] ^= (h_[1] ^ less[1]) & take;
        add(h_, pad0_, pad1_, 0);
        store(tag, h_[0]);
        store(tag + 8, h_[1]);
    }

  private:
    static WEFT_KERNEL U64 load(const std::uint8_t* from) {
        U64 value = 0;
        std::memcpy(&value, from, sizeof value);
        return kIsLittleEndian ? value : __builtin_bswap64(value);
    }
    static WEFT_KERNEL void store(std::uint8_t* to, U64 value) {
        value = kIsLittleEndian ? value : __builtin_bswap64(value);
        std::memcpy(to, &value, sizeof value);
    }

    /// h += low + high 2^64 + top 2^128.
    static WEFT_KERNEL void add(U64* h, U64 low, U64 high, U64 top) {
#if defined(__aarch64__) && !defined(__clang__)
        // GCC 12, unlike clang, keeps no carry in the flags from one addition to the next.
        asm("adds %0, %0, %3\n\tadcs %1, %1, %x4\n\tadc %2, %2, %x5"
            : "+&r"(h[0]), "+&r"(h[1]), "+r"(h[2])
            : "r"(low), "rZ"(high), "rZ"(top)
            : "cc");
#elif defined(__x86_64__) && !defined(__clang__)
        asm("addq %3, %0\n\tadcq %4, %1\n\tadcq %5, %2"
            : "+&r"(h[0]), "+&r"(h[1]), "+r"(h[2])
            : "rm"(low), "rm"(high), "ri"(top)
            : "cc");
#else
        Wide sum = Wide{h[0]} + low;
        h[0] = static_cast<U64>(sum);
        sum = (sum >> 64) + h[1] + high;
        h[1] = static_cast<U64>(sum);
        h[2] += top + static_cast<U64>(sum >> 64);
#endif
    }

    /// h = (h + block + 2^128) * r. Bounds: h is below 2^130 + 2^128 before, so h[2] is 6 at most
    /// in the products, where 6 * s1 < 2^63.
    WEFT_KERNEL void absorb(U64 low, U64 high) {
        add(h_, low, high, 1);
        const Wide product0 = Wide{h_[0]} * r0_ + Wide{h_[1]} * s1_;
        const Wide product1 = Wide{h_[0]} * r1_ + Wide{h_[1]} * r0_ +
                              (h_[2] * s1_ + static_cast<U64>(product0 >> 64));
        const U64 product2 = h_[2] * r0_ + static_cast<U64>(product1 >> 64);
        h_[0] = static_cast<U64>(product0);
        h_[1] = static_cast<U64>(product1);
        h_[2] = product2 & 3;
        // What lies above 2^130, times 5: four of it is product2 without its low bits.
        add(h_, (product2 & ~U64{3}) + (product2 >> 2), 0, 0);
    }

    U64 r0_;
    U64 r1_;
    U64 s1_;
    U64 pad0_;
    U64 pad1_;
    U64 h_[3] = {};
};

#else

class Poly1305 {
    static constexpr std::uint32_t kMask = (1U << 26) - 1;

  public:
    /// `key` is the first 8 words of the key block.
    explicit WEFT_KERNEL Poly1305(const std::uint8_t* key)
        : r_{load_word(key) & 0x3ffffff,
             ((load_word(key) >> 26) | (load_word(key + 4) << 6)) & 0x3ffff03,
             ((load_word(key + 4) >> 20) | (load_word(key + 8) << 12)) & 0x3ffc0ff,
             ((load_word(key + 8) >> 14) | (load_word(key + 12) << 18)) & 0x3f03fff,
             (load_word(key + 12) >> 8) & 0x00fffff},
          pad_{load_word(key + 16), load_word(key + 20), load_word(key + 24), load_word(key + 28)} {
    }

    /// A whole number of blocks, but for the last call: that one is padded with zeros.
    void update(const std::uint8_t* text, std::size_t size) {
        for (; size >= 16; text += 16, size -= 16) {
            take<1>(text);
        }
        if (size != 0) {
            std::uint8_t block[16] = {};
            WEFT_IN_SCOPE(block, sizeof block);
            std::memcpy(block, text, size);
            take<1>(block);
        }
    }

    /// Some blocks.
    template <std::size_t kBlocks>
    void take(const std::uint8_t* text) {
        for (std::size_t i = 0; i < kBlocks; ++i, text += 16) {
            absorb(load_word(text), load_word(text + 4), load_word(text + 8), load_word(text + 12));
        }
    }

    WEFT_FRAME void finish(std::uint64_t size, std::uint8_t* tag) {
        absorb(0, 0, static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(size >> 32));
        for (std::size_t round = 0; round < 2; ++round) {
            for (std::size_t i = 0; i < 4; ++i) {
                h_[i + 1] += h_[i] >> 26;
                h_[i] &= kMask;
            }
            h_[0] += (h_[4] >> 26) * 5;
            h_[4] &= kMask;
        }
        h_[1] += h_[0] >> 26;
        h_[0] &= kMask;
        // h + 5 reaches 2^130 exactly if h is not below the modulus.
        std::uint32_t less[5];
        std::uint32_t carry = 5;
        for (std::size_t i = 0; i < 5; ++i) {
            less[i] = h_[i] + carry;
            carry = less[i] >> 26;
            less[i] &= kMask;
        }
        const std::uint32_t take = 0 - carry;
        for (std::size_t i = 0; i < 5; ++i) {
            h_[i] ^= (h_[i] ^ less[i]) & take;
        }
        const std::uint32_t words[4] = {h_[0] | (h_[1] << 26),
                                        (h_[1] >> 6) | (h_[2] << 20),
                                        (h_[2] >> 12) | (h_[3] << 14),
                                        (h_[3] >> 18) | (h_[4] << 8)};
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            sum = (sum >> 32) + words[i] + pad_[i];
            store_word(tag + 4 * i, static_cast<std::uint32_t>(sum));
        }
    }

  private:
    void absorb(std::uint32_t w0, std::uint32_t w1, std::uint32_t w2, std::uint32_t w3) {
        const std::uint64_t a0 = h_[0] + (w0 & kMask);
        const std::uint64_t a1 = h_[1] + (((w0 >> 26) | (w1 << 6)) & kMask);
        const std::uint64_t a2 = h_[2] + (((w1 >> 20) | (w2 << 12)) & kMask);
        const std::uint64_t a3 = h_[3] + (((w2 >> 14) | (w3 << 18)) & kMask);
        const std::uint64_t a4 = h_[4] + ((w3 >> 8) | (1U << 24));
        const std::uint32_t s1 = r_[1] * 5;
        const std::uint32_t s2 = r_[2] * 5;
        const std::uint32_t s3 = r_[3] * 5;
        const std::uint32_t s4 = r_[4] * 5;
        std::uint64_t sum = a0 * r_[0] + a1 * s4 + a2 * s3 + a3 * s2 + a4 * s1;
        h_[0] = static_cast<std::uint32_t>(sum) & kMask;
        sum = (sum >> 26) + a0 * r_[1] + a1 * r_[0] + a2 * s4 + a3 * s3 + a4 * s2;
        h_[1] = static_cast<std::uint32_t>(sum) & kMask;
        sum = (sum >> 26) + a0 * r_[2] + a1 * r_[1] + a2 * r_[0] + a3 * s4 + a4 * s3;
        h_[2] = static_cast<std::uint32_t>(sum) & kMask;
        sum = (sum >> 26) + a0 * r_[3] + a1 * r_[2] + a2 * r_[1] + a3 * r_[0] + a4 * s4;
        h_[3] = static_cast<std::uint32_t>(sum) & kMask;
        sum = (sum >> 26) + a0 * r_[4] + a1 * r_[3] + a2 * r_[2] + a3 * r_[1] + a4 * r_[0];
        h_[4] = static_cast<std::uint32_t>(sum) & kMask;
        h_[0] += static_cast<std::uint32_t>(sum >> 26) * 5;
        h_[1] += h_[0] >> 26;
        h_[0] &= kMask;
    }

    std::uint32_t r_[5];
    std::uint32_t pad_[4];
    std::uint32_t h_[5] = {};
};

#endif

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
