// SPDX-License-Identifier: Apache-2.0
// A few messages, each over all lanes: a vector's 32-bit lanes are consecutive blocks of its key
// stream, and Poly1305 works beside the rounds on what the vectors leave free, the integer units.
//
//   blocks of a message    0             the key of Poly1305   \  the odd ones of all messages
//                          1 ... n       whole vectors          ) together, first
//                          n + 1 ... m   what is left          /
//
// So small messages fill the vectors as well as large ones do. Branches on lengths only.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/chacha20.hpp"
#include "chacha20_poly1305/poly1305_scalar.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

inline constexpr std::size_t kRowsMost = 16;  // messages in a go

/// How a message is cut.
template <class V>
struct Cut {
    static constexpr std::size_t kStep = V::kWords * kBlock;  // bytes of text of a whole vector

    /// A block that is not full is never in a whole vector.
    explicit WEFT_KERNEL Cut(std::size_t size)
        : steps(size / kStep), odd(1 + (size + kBlock - 1) / kBlock - steps * V::kWords) {}

    std::size_t steps;
    std::size_t odd;  // 1 to V::kWords + 1, the key's among them
};

/// The odd blocks of all messages and their key stream.
template <class V>
struct OddBlocks {
    static constexpr std::size_t kMost = kRowsMost * (V::kWords + 1);
    static_assert(kRowsMost % V::kWords == 0, "or the last vector reaches behind the end");

    alignas(64) std::uint8_t stream[kMost * kBlock];
    alignas(64) std::uint32_t counter[kMost];
    alignas(64) std::uint32_t nonce[2][kMost];
    const Work* owner[kMost];
    std::size_t count = 0;
    bool one_key = true;

    WEFT_FRAME inline void add(const Work& work, std::size_t block) {
        owner[count] = &work;
        counter[count] = static_cast<std::uint32_t>(block);
        nonce[0][count] = static_cast<std::uint32_t>(work.nonce);
        nonce[1][count] = static_cast<std::uint32_t>(work.nonce >> 32);
        one_key = one_key && work.key == owner[0]->key;
        count += 1;
    }

    WEFT_FRAME inline void add_all_of(const Work& work) {
        const Cut<V> cut{work.size};
        add(work, 0);
        for (std::size_t i = 1; i < cut.odd; ++i) {
            add(work, cut.steps * V::kWords + i);
        }
    }
};

/// The key stream of V::kWords odd blocks from `first` on.
template <class V>
WEFT_FRAME inline void make_odd(OddBlocks<V>& odd, std::size_t first) {
    const Work* const* const owner = odd.owner + first;
    Start<V> start;
    if (odd.one_key) {
        WEFT_UNROLL
        for (std::size_t i = 0; i < 8; ++i) {
            start.key[i] = V::all32(word_at(owner[0]->key + 4 * i));
        }
    } else {
        alignas(64) std::uint32_t words[8][V::kWords];
        for (std::size_t l = 0; l < V::kWords; ++l) {
            for (std::size_t i = 0; i < 8; ++i) {
                words[i][l] = word_at(owner[l]->key + 4 * i);
            }
        }
        WEFT_UNROLL
        for (std::size_t i = 0; i < 8; ++i) {
            start.key[i] = V::load32(words[i]);
        }
    }
    start.counter = V::load32(odd.counter + first);
    start.nonce[0] = V::load32(odd.nonce[0] + first);
    start.nonce[1] = V::load32(odd.nonce[1] + first);
    typename V::U32 x[16];
    chacha20_words<V>(start, x);
    store_words<V>(odd.stream + first * kBlock, x);
}

/// The key stream of the odd blocks of all messages.
template <class V>
WEFT_FRAME inline void make_all_odd(OddBlocks<V>& odd, const Work* const* works, unsigned count) {
    for (std::size_t i = 0; i < count; ++i) {
        odd.add_all_of(*works[i]);
    }
    const std::size_t wanted = odd.count;
    while (odd.count % V::kWords != 0) {
        odd.add(*works[0], 0);
    }
    for (std::size_t i = 0; i < wanted; i += V::kWords) {
        make_odd<V>(odd, i);
    }
}

/// XORs the key stream, one vector of it in words, to the text from `from` on.
template <class V>
WEFT_KERNEL void add_words(const Work& work, std::size_t from, typename V::U32* x) {
    constexpr std::size_t kStep = Cut<V>::kStep;
    if (!is_in_payload(work, from, kStep)) {
        alignas(64) std::uint8_t stream[kStep];
        store_words<V>(stream, x);
        add_stream<V>(work, from, from + kStep, stream);
        return;
    }
    V::transpose_words(x);
    const std::uint8_t* const text = work.payload + (from - work.head_size);
    std::uint8_t* const out = work.out + from;
    WEFT_UNROLL
    for (std::size_t i = 0; i < 16; ++i) {
        const std::size_t at = i * sizeof(typename V::U32);
        V::store(out + at, V::load(text + at) ^ x[i]);
    }
}

/// A message's Poly1305, on the integer units, in turns with the rounds of a vector: of as much
/// text as that is for.
template <class V>
class MacInTurns {
    static constexpr std::size_t kTurn = Cut<V>::kStep / kTurnsInRounds;

  public:
    static constexpr bool kTakesTurns = true;

    /// `key` is the one-time key; `text` the ciphertext, or where it will be.
    WEFT_KERNEL MacInTurns(const std::uint8_t* key, const std::uint8_t* text)
        : mac_(key), begin_(text), text_(text) {}
    WEFT_KERNEL void poll() {
        mac_.template take<kTurn / 16>(text_);
        text_ += kTurn;
    }
    /// Takes the rest of `size` bytes and gives the tag.
    WEFT_KERNEL void finish(std::size_t size, std::uint8_t* tag) {
        mac_.update(text_, size - static_cast<std::size_t>(text_ - begin_));
        mac_.finish(size, tag);
    }

  private:
    Poly1305 mac_;
    const std::uint8_t* begin_;
    const std::uint8_t* text_;
};

/// Sealing, a turn takes what the vector before has sealed; opening, what its own will open.
template <class V, class Mac, bool kSealing>
WEFT_FRAME inline void run_row(const Work& work, const std::uint8_t* stream) {
    constexpr std::size_t kStep = Cut<V>::kStep;
    const std::size_t whole = Cut<V>{work.size}.steps * kStep;
    Mac mac{stream, work.out};
    if (!kSealing && !Mac::kTakesTurns) {
        mac.finish(work.size, work.tag);
    }
    if (whole != 0) {
        const RowStart<V> start{work};
        typename V::U32 x[16];
        std::size_t from = 0;
        if (kSealing) {
            Idle idle;
            chacha20_words<V>(start, 1, x, idle);
            add_words<V>(work, 0, x);
            from = kStep;
        }
        for (; from < whole; from += kStep) {
            chacha20_words<V>(start, from / kBlock + 1, x, mac);
            add_words<V>(work, from, x);
        }
    }
    if (!kSealing && Mac::kTakesTurns) {
        mac.finish(work.size, work.tag);
    }
    add_stream<V>(work, whole, work.size, stream + kBlock);
    if (kSealing) {
        mac.finish(work.size, work.tag);
    }
}

/// Up to kRowsMost messages.
template <class V, class Mac, bool kSealing>
WEFT_FRAME void rows(const Work* const* works, unsigned count) {
    OddBlocks<V> odd;
    make_all_odd<V>(odd, works, count);
    const std::uint8_t* stream = odd.stream;
    for (std::size_t i = 0; i < count; ++i) {
        run_row<V, Mac, kSealing>(*works[i], stream);
        stream += Cut<V>{works[i]->size}.odd * kBlock;
    }
}

template <class V, class Mac, bool kSealing>
WEFT_FRAME void row(const Work& work) {
    const Work* const works = &work;
    rows<V, Mac, kSealing>(&works, 1);
}

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
