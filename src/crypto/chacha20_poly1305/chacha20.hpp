// SPDX-License-Identifier: Apache-2.0
// ChaCha20 (RFC 8439, 2.3) on vectors: x[i] holds word i of as many blocks as a vector has 32-bit
// lanes. V is one of vector_*.hpp.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/text.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

constexpr std::uint32_t kSigma[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

inline std::uint32_t word_at(const std::uint8_t* from) {
    std::uint32_t word = 0;
    std::memcpy(&word, from, sizeof word);  // every CPU that has kernels is little-endian
    return word;
}

/// Two quarter rounds of a block, A B C D and those of its neighbour. Measured with GCC 12: step by
/// step in pairs needs the fewest spills where there are 16 registers.
template <class V,
          unsigned A,
          unsigned B,
          unsigned C,
          unsigned D,
          unsigned E,
          unsigned F,
          unsigned G,
          unsigned H>
WEFT_KERNEL void two_quarter_rounds(typename V::U32* x) {
    x[A] += x[B];
    x[E] += x[F];
    x[D] = V::template rotate<16>(x[D] ^ x[A]);
    x[H] = V::template rotate<16>(x[H] ^ x[E]);
    x[C] += x[D];
    x[G] += x[H];
    x[B] = V::template rotate<12>(x[B] ^ x[C]);
    x[F] = V::template rotate<12>(x[F] ^ x[G]);
    x[A] += x[B];
    x[E] += x[F];
    x[D] = V::template rotate<8>(x[D] ^ x[A]);
    x[H] = V::template rotate<8>(x[H] ^ x[E]);
    x[C] += x[D];
    x[G] += x[H];
    x[B] = V::template rotate<7>(x[B] ^ x[C]);
    x[F] = V::template rotate<7>(x[F] ^ x[G]);
}

/// A column round and a diagonal round.
template <class V>
WEFT_KERNEL void double_round(typename V::U32* x) {
    two_quarter_rounds<V, 0, 4, 8, 12, 1, 5, 9, 13>(x);
    two_quarter_rounds<V, 2, 6, 10, 14, 3, 7, 11, 15>(x);
    two_quarter_rounds<V, 0, 5, 10, 15, 1, 6, 11, 12>(x);
    two_quarter_rounds<V, 2, 7, 8, 13, 3, 4, 9, 14>(x);
}

/// What the blocks of one go start from; words 0 to 3 are constants. The first 32 bits of the nonce
/// are zero (WireGuard paper, 5.4.6).
template <class V>
struct Start {
    typename V::U32 key[8];
    typename V::U32 counter;
    typename V::U32 nonce[2];
};

/// Nothing to do between rounds.
struct Idle {
    WEFT_KERNEL void poll() const {}
};

/// The blocks of `start`, word by word. `mac` gets a turn after each double round: its work, which
/// is one long chain, fills what the rounds leave free.
template <class V, class Mac>
WEFT_KERNEL void chacha20_words(const Start<V>& start, typename V::U32* x, Mac& mac) {
    WEFT_UNROLL
    for (unsigned i = 0; i < 4; ++i) {
        x[i] = V::all32(kSigma[i]);
    }
    WEFT_UNROLL
    for (unsigned i = 0; i < 8; ++i) {
        x[4 + i] = start.key[i];
    }
    x[12] = start.counter;
    x[13] = V::all32(0);
    x[14] = start.nonce[0];
    x[15] = start.nonce[1];
    for (unsigned i = 0; i < 10; ++i) {
        double_round<V>(x);
        mac.poll();
    }
    WEFT_UNROLL
    for (unsigned i = 0; i < 4; ++i) {
        x[i] += V::all32(kSigma[i]);
    }
    WEFT_UNROLL
    for (unsigned i = 0; i < 8; ++i) {
        x[4 + i] += start.key[i];
    }
    x[12] += start.counter;
    x[14] += start.nonce[0];
    x[15] += start.nonce[1];
}

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
