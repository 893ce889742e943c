// SPDX-License-Identifier: Apache-2.0
// ChaCha20 (RFC 8439, 2.3) on vectors: x[i] holds word i of as many blocks as a vector has 32-bit
// lanes. V is one of vector_*.hpp.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/text.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

inline constexpr std::uint32_t kSigma[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

inline std::uint32_t word_at(const std::uint8_t* from) {
    std::uint32_t word = 0;
    std::memcpy(&word, from, sizeof word);  // every CPU that has kernels is little-endian
    return word;
}

/// The rest of a quarter round whose first addition is done.
template <class V, unsigned A, unsigned B, unsigned C, unsigned D>
WEFT_KERNEL void quarter_round_after_first_step(typename V::U32* x) {
    x[D] = V::template rotate<16>(x[D] ^ x[A]);
    x[C] += x[D];
    x[B] = V::template rotate<12>(x[B] ^ x[C]);
    x[A] += x[B];
    x[D] = V::template rotate<8>(x[D] ^ x[A]);
    x[C] += x[D];
    x[B] = V::template rotate<7>(x[B] ^ x[C]);
}

template <class V, unsigned A, unsigned B, unsigned C, unsigned D>
WEFT_KERNEL void quarter_round(typename V::U32* x) {
    x[A] += x[B];
    quarter_round_after_first_step<V, A, B, C, D>(x);
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

/// The diagonal round after a column round.
template <class V>
WEFT_KERNEL void diagonal_round(typename V::U32* x) {
    two_quarter_rounds<V, 0, 5, 10, 15, 1, 6, 11, 12>(x);
    two_quarter_rounds<V, 2, 7, 8, 13, 3, 4, 9, 14>(x);
}

template <class V>
WEFT_KERNEL void double_round(typename V::U32* x) {
    two_quarter_rounds<V, 0, 4, 8, 12, 1, 5, 9, 13>(x);
    two_quarter_rounds<V, 2, 6, 10, 14, 3, 7, 11, 15>(x);
    diagonal_round<V>(x);
}

/// Nothing to do between rounds.
struct Idle {
    WEFT_KERNEL void poll() const {}
};

/// Double rounds after which a Mac gets a turn; the last two are without, so that what a turn takes
/// is a power of two.
inline constexpr std::size_t kTurnsInRounds = 8;

/// All but the first double round, after which x is. `mac` gets a turn after each but the last two:
/// its work, which is one long chain, fills what the rounds leave free.
template <class V, class Mac>
WEFT_KERNEL void other_double_rounds(typename V::U32* x, Mac& mac) {
    mac.poll();
    for (std::size_t i = 1; i < kTurnsInRounds; ++i) {
        double_round<V>(x);
        mac.poll();
    }
    double_round<V>(x);
    double_round<V>(x);
}

/// What blocks start from that may be of several messages; words 0 to 3 are constants. The first 32
/// bits of the nonce are zero (WireGuard paper, 5.4.6).
template <class V>
struct Start {
    typename V::U32 key[8];
    typename V::U32 counter;
    typename V::U32 nonce[2];
};

/// The words that `start` stands for.
template <class V>
WEFT_KERNEL void first_words(const Start<V>& start, typename V::U32* x) {
    WEFT_UNROLL
    for (std::size_t i = 0; i < 4; ++i) {
        x[i] = V::all32(kSigma[i]);
    }
    WEFT_UNROLL
    for (std::size_t i = 0; i < 8; ++i) {
        x[4 + i] = start.key[i];
    }
    x[12] = start.counter;
    x[13] = V::all32(0);
    x[14] = start.nonce[0];
    x[15] = start.nonce[1];
}

/// After the rounds: the words that they began with are added.
template <class V>
WEFT_KERNEL void add_first_words(const Start<V>& start, typename V::U32* x) {
    WEFT_UNROLL
    for (std::size_t i = 0; i < 4; ++i) {
        x[i] += V::all32(kSigma[i]);
    }
    WEFT_UNROLL
    for (std::size_t i = 0; i < 8; ++i) {
        x[4 + i] += start.key[i];
    }
    x[12] += start.counter;
    x[14] += start.nonce[0];
    x[15] += start.nonce[1];
}

/// The blocks of `start`, word by word.
template <class V>
WEFT_KERNEL void chacha20_words(const Start<V>& start, typename V::U32* x) {
    first_words<V>(start, x);
    double_round<V>(x);
    Idle idle;
    other_double_rounds<V>(x, idle);
    add_first_words<V>(start, x);
}

/// Words after the first round of columns 1 to 3 and the first step of column 0. The counter is in
/// column 0 only, so for all blocks of a message these are the same.
template <class V>
WEFT_KERNEL void mix_once(typename V::U32* x) {
    x[0] += x[4];
    quarter_round<V, 1, 5, 9, 13>(x);
    quarter_round<V, 2, 6, 10, 14>(x);
    quarter_round<V, 3, 7, 11, 15>(x);
}

/// The rounds that mix_once leaves, with the counter in x[12].
template <class V, class Mac>
WEFT_KERNEL void rounds_after_mix(typename V::U32* x, Mac& mac) {
    quarter_round_after_first_step<V, 0, 4, 8, 12>(x);
    diagonal_round<V>(x);
    other_double_rounds<V>(x, mac);
}

/// A word as a vector of one lane.
struct OneWord {
    using U32 = std::uint32_t;
    template <int kBy>
    static WEFT_KERNEL U32 rotate(U32 value) {
        return (value << kBy) | (value >> (32 - kBy));
    }
};

/// What the blocks of one message start from.
template <class V>
struct RowStart {
    std::uint32_t word[16];
    std::uint32_t mixed[16];  // mix_once; [12], the counter's, is not used

    explicit WEFT_KERNEL RowStart(const Work& work) {
        WEFT_IN_SCOPE(this, sizeof *this);
        std::memcpy(word, kSigma, sizeof kSigma);
        std::memcpy(word + 4, work.key, 32);
        word[12] = 0;
        word[13] = 0;
        word[14] = static_cast<std::uint32_t>(work.nonce);
        word[15] = static_cast<std::uint32_t>(work.nonce >> 32);
        WEFT_UNROLL
        for (std::size_t i = 0; i < 16; ++i) {
            mixed[i] = word[i];
        }
        mix_once<OneWord>(mixed);
    }
};

/// Blocks `counter` and following of a message, word by word.
template <class V, class Mac>
WEFT_KERNEL void chacha20_words(const RowStart<V>& start,
                                std::size_t counter,
                                typename V::U32* x,
                                Mac& mac) {
    const typename V::U32 counters = V::count32() + V::all32(static_cast<std::uint32_t>(counter));
    WEFT_UNROLL
    for (std::size_t i = 0; i < 16; ++i) {
        x[i] = i == 12 ? counters : V::all32(start.mixed[i]);
    }
    rounds_after_mix<V>(x, mac);
    WEFT_UNROLL
    for (std::size_t i = 0; i < 16; ++i) {
        if (i != 13) {  // is zero
            x[i] += i == 12 ? counters : V::all32(start.word[i]);
        }
    }
}

/// V::kWords blocks, from words in x to bytes at `stream`.
template <class V>
WEFT_KERNEL void store_words(std::uint8_t* stream, typename V::U32* x) {
    V::transpose_words(x);
    WEFT_UNROLL
    for (std::size_t i = 0; i < 16; ++i) {
        V::store(stream + i * sizeof(typename V::U32), x[i]);
    }
}

template <class V>
WEFT_KERNEL void add_block(std::uint8_t* out,
                           const std::uint8_t* text,
                           const std::uint8_t* stream) {
    WEFT_UNROLL
    for (std::size_t q = 0; q < V::kParts; ++q) {
        const std::size_t at = q * sizeof(typename V::U32);
        V::store(out + at, V::load(text + at) ^ V::load(stream + at));
    }
}

/// XORs the key stream to the text in [from, end).
template <class V>
WEFT_FRAME inline void add_stream(const Work& work,
                                  std::size_t from,
                                  std::size_t end,
                                  const std::uint8_t* stream) {
    for (; from < end; from += kBlock, stream += kBlock) {
        if (is_in_payload(work, from, kBlock)) {
            add_block<V>(work.out + from, work.payload + (from - work.head_size), stream);
        } else {
            const std::size_t size = at_most(end - from, kBlock);
            alignas(64) std::uint8_t scratch[kBlock];
            V::gather(scratch, stretch_of(work, from, size));
            add_block<V>(scratch, scratch, stream);
            V::scatter(work.out + from, scratch, size);
        }
    }
}

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
