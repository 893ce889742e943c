// SPDX-License-Identifier: Apache-2.0
// Poly1305 (RFC 8439, 2.5) over the ciphertext of an AEAD without associated data (2.8), one block
// at a time. With 128-bit products: h in limbs of 64, 64 and a few bits; r's clamped bits make r1 *
// 2^128 equal r1 / 4 * 5. Without: five limbs of 26 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace weft::crypto::chacha20_poly1305 {
namespace {

constexpr bool kIsLittleEndian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

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

  public:
    /// `key` is the first 8 words of the key block.
    explicit Poly1305(const std::uint32_t* key)
        : r0_(pair(key[0], key[1]) & 0x0ffffffc0fffffff),
          r1_(pair(key[2], key[3]) & 0x0ffffffc0ffffffc),
          s1_(r1_ + (r1_ >> 2)),
          pad0_(pair(key[4], key[5])),
          pad1_(pair(key[6], key[7])) {}

    /// A whole number of blocks, but for the last call: that one is padded with zeros.
    void update(const std::uint8_t* text, std::size_t size) {
        for (; size >= 16; text += 16, size -= 16) {
            absorb(pair(load_word(text), load_word(text + 4)),
                   pair(load_word(text + 8), load_word(text + 12)));
        }
        if (size != 0) {
            std::uint8_t block[16] = {};
            std::memcpy(block, text, size);
            update(block, sizeof block);
        }
    }

    void finish(std::uint64_t size, std::uint8_t* tag) {
        absorb(0, size);
        // h + 5 reaches 2^130 exactly if h is not below the modulus.
        Wide sum = Wide{h0_} + 5;
        const auto less0 = static_cast<std::uint64_t>(sum);
        sum = (sum >> 64) + h1_;
        const auto less1 = static_cast<std::uint64_t>(sum);
        const std::uint64_t top = h2_ + static_cast<std::uint64_t>(sum >> 64);
        const std::uint64_t take = 0 - (top >> 2);
        h0_ ^= (h0_ ^ less0) & take;
        h1_ ^= (h1_ ^ less1) & take;
        sum = Wide{h0_} + pad0_;
        store(tag, static_cast<std::uint64_t>(sum));
        store(tag + 8, static_cast<std::uint64_t>((sum >> 64) + h1_ + pad1_));
    }

  private:
    static std::uint64_t pair(std::uint32_t low, std::uint32_t high) {
        return low | (std::uint64_t{high} << 32);
    }
    static void store(std::uint8_t* to, std::uint64_t value) {
        store_word(to, static_cast<std::uint32_t>(value));
        store_word(to + 4, static_cast<std::uint32_t>(value >> 32));
    }

    void absorb(std::uint64_t low, std::uint64_t high) {
        Wide sum = Wide{h0_} + low;
        const auto a0 = static_cast<std::uint64_t>(sum);
        sum = (sum >> 64) + h1_ + high;
        const auto a1 = static_cast<std::uint64_t>(sum);
        const std::uint64_t a2 = h2_ + static_cast<std::uint64_t>(sum >> 64) + 1;
        const Wide product0 = Wide{a0} * r0_ + Wide{a1} * s1_;
        const Wide product1 = Wide{a0} * r1_ + Wide{a1} * r0_ + Wide{a2} * s1_ + (product0 >> 64);
        const std::uint64_t product2 = a2 * r0_ + static_cast<std::uint64_t>(product1 >> 64);
        // What lies above 2^130, times 5: four of it is product2 without its low bits.
        sum = Wide{static_cast<std::uint64_t>(product0)} + (product2 >> 2) +
              (product2 & ~std::uint64_t{3});
        h0_ = static_cast<std::uint64_t>(sum);
        sum = (sum >> 64) + static_cast<std::uint64_t>(product1);
        h1_ = static_cast<std::uint64_t>(sum);
        h2_ = (product2 & 3) + static_cast<std::uint64_t>(sum >> 64);
    }

    std::uint64_t r0_;
    std::uint64_t r1_;
    std::uint64_t s1_;
    std::uint64_t pad0_;
    std::uint64_t pad1_;
    std::uint64_t h0_ = 0;
    std::uint64_t h1_ = 0;
    std::uint64_t h2_ = 0;
};

#else

class Poly1305 {
    static constexpr std::uint32_t kMask = (1U << 26) - 1;

  public:
    /// `key` is the first 8 words of the key block.
    explicit Poly1305(const std::uint32_t* key)
        : r_{key[0] & 0x3ffffff,
             ((key[0] >> 26) | (key[1] << 6)) & 0x3ffff03,
             ((key[1] >> 20) | (key[2] << 12)) & 0x3ffc0ff,
             ((key[2] >> 14) | (key[3] << 18)) & 0x3f03fff,
             (key[3] >> 8) & 0x00fffff},
          pad_{key[4], key[5], key[6], key[7]} {}

    /// A whole number of blocks, but for the last call: that one is padded with zeros.
    void update(const std::uint8_t* text, std::size_t size) {
        for (; size >= 16; text += 16, size -= 16) {
            absorb(load_word(text), load_word(text + 4), load_word(text + 8), load_word(text + 12));
        }
        if (size != 0) {
            std::uint8_t block[16] = {};
            std::memcpy(block, text, size);
            update(block, sizeof block);
        }
    }

    void finish(std::uint64_t size, std::uint8_t* tag) {
        absorb(0, 0, static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(size >> 32));
        for (unsigned round = 0; round < 2; ++round) {
            for (unsigned i = 0; i < 4; ++i) {
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
        for (unsigned i = 0; i < 5; ++i) {
            less[i] = h_[i] + carry;
            carry = less[i] >> 26;
            less[i] &= kMask;
        }
        const std::uint32_t take = 0 - carry;
        for (unsigned i = 0; i < 5; ++i) {
            h_[i] ^= (h_[i] ^ less[i]) & take;
        }
        const std::uint32_t words[4] = {h_[0] | (h_[1] << 26),
                                        (h_[1] >> 6) | (h_[2] << 20),
                                        (h_[2] >> 12) | (h_[3] << 14),
                                        (h_[3] >> 18) | (h_[4] << 8)};
        std::uint64_t sum = 0;
        for (unsigned i = 0; i < 4; ++i) {
            sum = (sum >> 32) + words[i] + pad_[i];
            store_word(tag + std::size_t{4} * i, static_cast<std::uint32_t>(sum));
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
