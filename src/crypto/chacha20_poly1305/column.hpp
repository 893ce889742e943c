// SPDX-License-Identifier: Apache-2.0
// Several messages at once, each in a 64-bit lane of its own: lane p of a vector belongs to message
// p, with key, nonce and length of its own. A step makes two consecutive key stream blocks of every
// message:
//
//   32-bit lanes     2p: block n of message p        2p + 1: block n + 1 of message p
//   step 0           n = 0: the Poly1305 key         text [0, 64)
//   step k           n = 2k: text [128k - 64, 128k)  text [128k, 128k + 64)
//
// In step 0 the even lanes hold the one-time keys word by word, one per 64-bit lane: just as
// Poly1305 wants them, without any shuffling, and it needs no powers of r for lanes as when one
// message is spread over them. Small messages fill the vectors as well as large ones do. A message
// that ends before the others idles: its Poly1305 state is kept by masks. Branches on lengths only.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/chacha20.hpp"
#include "chacha20_poly1305/poly1305.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

inline constexpr std::size_t kColumnStep = 2 * kBlock;

template <class V, class F>
struct ColumnMac {
    using U64 = typename V::U64;
    using Number = typename F::Number;

    Number h{};
    typename F::Factor r;
    typename F::Factor r2;  // its square, and so on
    typename F::Factor r3;
    typename F::Factor r4;
    U64 pad[4];  // s of RFC 8439, 2.5, in 32-bit words

    /// From the first 8 words of the key block, in even 32-bit lanes.
    WEFT_KERNEL void start(const typename V::U32* x) {
        const U64 mask = V::all64(0xffffffff);
        const U64 low = (V::as64(x[0]) & mask) | V::template left<32>(V::as64(x[1]));
        const U64 high = (V::as64(x[2]) & mask) | V::template left<32>(V::as64(x[3]));
        const Number number = clamped<V, F>(low, high);
        r = F::factor(number);
        const Number square = F::carry(F::product(number, r));
        r2 = F::factor(square);
        r3 = F::factor(F::carry(F::product(number, r2)));
        r4 = F::factor(F::carry(F::product(square, r2)));
        WEFT_UNROLL
        for (std::size_t i = 0; i < 4; ++i) {
            pad[i] = V::as64(x[4 + i]) & mask;
        }
    }

    /// Four blocks for one chain of carries.
    WEFT_KERNEL void absorb_four(const U64* blocks) {
        const U64 top = V::all64(F::kAbove128);
        auto sums = F::product(F::sum(h, F::split(blocks[0], blocks[1], top)), r4);
        sums = F::add_product(sums, F::split(blocks[2], blocks[3], top), r3);
        sums = F::add_product(sums, F::split(blocks[4], blocks[5], top), r2);
        h = F::carry(F::add_product(sums, F::split(blocks[6], blocks[7], top), r));
    }

    [[nodiscard]] WEFT_KERNEL Number with(U64 low, U64 high) const {
        const Number block = F::split(low, high, V::all64(F::kAbove128));
        return F::carry(F::product(F::sum(h, block), r));
    }

    /// One block, in the lanes where `mask` is set.
    WEFT_KERNEL void absorb_masked(U64 low, U64 high, U64 mask) {
        const Number after = with(low, high);
        WEFT_UNROLL
        for (std::size_t i = 0; i < F::kLimbs; ++i) {
            h.limb[i] ^= (h.limb[i] ^ after.limb[i]) & mask;
        }
    }

    /// The block of lengths, the reduction and the pad: the tags.
    WEFT_KERNEL void finish(U64 sizes, U64& low, U64& high) {
        F::reduce(with(V::all64(0), sizes), low, high);
        add_pad<V>(pad, low, high);
    }
};

/// Of one call: the messages, and what their key streams start from.
template <class V>
struct ColumnState {
    const Work* work[V::kLanes];
    std::size_t longest = 0;
    std::size_t direct_begin = 0;  // the stretch that is in everybody's payload
    std::size_t direct_end = ~std::size_t{0};
    Start<V> start;
};

/// Where a step finds each message's text and puts the result, and of which every vector is whole:
/// bytes behind the end are the scratch's.
template <class V>
struct Places {
    const std::uint8_t* from[V::kLanes];
    std::uint8_t* to[V::kLanes];
    std::size_t size[V::kLanes];
    std::size_t shortest;
    std::size_t longest;
    alignas(64) std::uint8_t scratch[V::kLanes][kColumnStep];
};

/// Lanes without a message repeat the first one, loads and stores and all: every load of a place
/// comes before the first store to it.
template <class V>
WEFT_FRAME inline void find_messages(ColumnState<V>& state,
                                     const Work* const* works,
                                     unsigned count) {
    for (std::size_t p = 0; p < V::kLanes; ++p) {
        const Work& work = *works[p < count ? p : 0];
        state.work[p] = &work;
        state.longest = at_least(state.longest, work.size);
        state.direct_begin = at_least(state.direct_begin, work.head_size);
        state.direct_end = at_most(state.direct_end, work.head_size + work.payload_size);
    }
}

/// Both blocks of a message start from the same words but for the counter.
template <class V>
WEFT_FRAME inline void find_starts(ColumnState<V>& state) {
    constexpr std::uint64_t kTwice = 0x100000001;
    alignas(64) std::uint64_t rows[10][V::kLanes];
    bool one_key = true;
    for (std::size_t p = 1; p < V::kLanes; ++p) {
        one_key = one_key && state.work[p]->key == state.work[0]->key;
    }
    for (std::size_t p = 0; p < V::kLanes; ++p) {
        const Work& work = *state.work[p];
        for (std::size_t i = 0; i < 8 && !one_key; ++i) {
            rows[i][p] = kTwice * word_at(work.key + 4 * i);
        }
        rows[8][p] = kTwice * (work.nonce & 0xffffffff);
        rows[9][p] = kTwice * (work.nonce >> 32);
    }
    WEFT_UNROLL
    for (std::size_t i = 0; i < 8; ++i) {
        state.start.key[i] =
            one_key ? V::all32(word_at(state.work[0]->key + 4 * i)) : V::as32(V::load64(rows[i]));
    }
    state.start.nonce[0] = V::as32(V::load64(rows[8]));
    state.start.nonce[1] = V::as32(V::load64(rows[9]));
    state.start.counter = V::as32(V::all64(std::uint64_t{1} << 32));
}

/// A step in the middle of every payload.
template <class V>
WEFT_KERNEL void find_whole(Places<V>& places, const ColumnState<V>& state, std::size_t from) {
    for (std::size_t p = 0; p < V::kLanes; ++p) {
        const Work& work = *state.work[p];
        places.from[p] = work.payload + (from - work.head_size);
        places.to[p] = work.out + from;
    }
    places.shortest = kColumnStep;
    places.longest = kColumnStep;
}

/// A step of up to `size` bytes where a message begins or ends, or its head or pad is.
template <class V>
WEFT_FRAME inline void find_ragged(Places<V>& places,
                                   const ColumnState<V>& state,
                                   std::size_t from,
                                   std::size_t size) {
    places.shortest = size;
    places.longest = 0;
    for (std::size_t p = 0; p < V::kLanes; ++p) {
        const Work& work = *state.work[p];
        const std::size_t here = work.size > from ? at_most(work.size - from, size) : 0;
        const bool direct = here == size && is_in_payload(work, from, size);
        for (std::size_t at = 0; !direct && at < size; at += kBlock) {
            const std::size_t rest = here > at ? at_most(here - at, kBlock) : 0;
            V::gather(places.scratch[p] + at, stretch_of(work, from + at, rest));
        }
        places.size[p] = here;
        places.from[p] = direct ? work.payload + (from - work.head_size) : places.scratch[p];
        places.to[p] = here == size ? work.out + from : places.scratch[p];
        places.shortest = at_most(places.shortest, here);
        places.longest = at_least(places.longest, here);
    }
}

template <class V>
WEFT_KERNEL void find_places(Places<V>& places,
                             const ColumnState<V>& state,
                             std::size_t from,
                             std::size_t size) {
    if (from != 0 && from >= state.direct_begin && from + size <= state.direct_end) {
        find_whole<V>(places, state, from);
    } else {
        find_ragged<V>(places, state, from, size);
    }
}

/// After a step that `find_ragged` has prepared: results to where they belong, zeros behind them
/// for Poly1305.
template <class V>
WEFT_FRAME inline void place_ragged(Places<V>& places,
                                    const ColumnState<V>& state,
                                    std::size_t from,
                                    std::size_t size) {
    for (std::size_t p = 0; p < V::kLanes; ++p) {
        const std::size_t here = places.size[p];
        for (std::size_t at = 0; here < size && at < size; at += kBlock) {
            const std::size_t rest = here > at ? at_most(here - at, kBlock) : 0;
            V::scatter(state.work[p]->out + from + at, places.scratch[p] + at, rest);
        }
    }
}

/// XORs the key stream from block `first` of 2 on. Block b of message p is V::kParts vectors from
/// x[(2p + b) * V::kParts] on.
template <class V>
WEFT_KERNEL void add_key_stream(const Places<V>& places,
                                const typename V::U32* x,
                                std::size_t first) {
    std::size_t at = 0;
    for (std::size_t b = first; b < 2; ++b) {
        WEFT_UNROLL
        for (std::size_t q = 0; q < V::kParts; ++q) {
            typename V::U32 part[V::kLanes];
            WEFT_UNROLL
            for (std::size_t p = 0; p < V::kLanes; ++p) {
                part[p] = V::load(places.from[p] + at) ^ x[(2 * p + b) * V::kParts + q];
            }
            WEFT_UNROLL
            for (std::size_t p = 0; p < V::kLanes; ++p) {
                V::store(places.to[p] + at, part[p]);
            }
            at += sizeof(typename V::U32);
        }
    }
}

/// Poly1305 of a step's text. Where every message has all of it and there are registers for both,
/// it works in turns with the rounds of key stream, which wait for each other; else at once.
template <class V, class F>
class ColumnTurns {
    using U64 = typename V::U64;
    static constexpr std::size_t kEvery = 4;  // of kTurnsInRounds: two for the two blocks of a step

  public:
    explicit WEFT_KERNEL ColumnTurns(ColumnMac<V, F>& mac) : mac_(mac) {}

    /// `size` bytes, 64 or 128, at `text`, which stay until finish().
    WEFT_KERNEL void offer(const Places<V>& places,
                           const std::uint8_t* const* text,
                           std::size_t size) {
        places_ = &places;
        text_ = text;
        at_ = 0;
        end_ = size;
        turn_ = 0;
        if (!V::kHasRegistersForTurns || !is_whole()) {
            finish();
        }
    }

    WEFT_KERNEL void poll() {
        turn_ += 1;
        if (V::kHasRegistersForTurns && turn_ % kEvery == 0 && at_ < end_) {
            take_whole();
        }
    }

    /// What is left of what was offered.
    WEFT_KERNEL void finish() {
        if (at_ < end_ && !is_whole()) {
            take_ragged();
        }
        while (at_ < end_) {
            take_whole();
        }
    }

  private:
    [[nodiscard]] WEFT_KERNEL bool is_whole() const { return places_->shortest == end_; }

    /// The next 64 bytes of every message.
    WEFT_KERNEL void read(U64* blocks) {
        WEFT_UNROLL
        for (std::size_t q = 0; q < V::kParts; ++q) {
            U64* const part = blocks + q * V::kLanes;
            WEFT_UNROLL
            for (std::size_t p = 0; p < V::kLanes; ++p) {
                part[p] = V::as64(V::load(text_[p] + at_ + q * sizeof(typename V::U32)));
            }
            V::transpose_lanes(part);
        }
        at_ += kBlock;
    }

    WEFT_KERNEL void take_whole() {
        U64 blocks[8];
        read(blocks);
        mac_.absorb_four(blocks);
    }

    WEFT_FRAME void take_ragged() {
        alignas(64) std::uint64_t sizes[V::kLanes];
        for (std::size_t p = 0; p < V::kLanes; ++p) {
            sizes[p] = places_->size[p];
        }
        const U64 present = V::load64(sizes);
        while (at_ < places_->longest) {
            const std::size_t from = at_;
            U64 blocks[8];
            read(blocks);
            for (std::size_t i = 0; i < 4 && from + 16 * i < places_->longest; ++i) {
                // Where from + 16 * i is below the size: that difference is negative.
                const U64 beyond = V::all64(from + 16 * i) - present;
                mac_.absorb_masked(
                    blocks[2 * i], blocks[2 * i + 1], V::all64(0) - V::template right<63>(beyond));
            }
        }
        at_ = end_;
    }

    ColumnMac<V, F>& mac_;
    const Places<V>* places_ = nullptr;
    const std::uint8_t* const* text_ = nullptr;
    std::size_t at_ = 0;
    std::size_t end_ = 0;  // of what was offered
    std::size_t turn_ = 0;
};

template <class V, class F>
WEFT_FRAME inline void write_tags(ColumnMac<V, F>& mac, const ColumnState<V>& state) {
    alignas(64) std::uint64_t sizes[V::kLanes];
    for (std::size_t p = 0; p < V::kLanes; ++p) {
        sizes[p] = state.work[p]->size;
    }
    typename V::U64 low;
    typename V::U64 high;
    mac.finish(V::load64(sizes), low, high);
    alignas(64) std::uint64_t tags[2][V::kLanes];
    V::store64(tags[0], low);
    V::store64(tags[1], high);
    for (std::size_t p = 0; p < V::kLanes; ++p) {
        std::memcpy(state.work[p]->tag, &tags[0][p], 8);
        std::memcpy(state.work[p]->tag + 8, &tags[1][p], 8);
    }
}

/// Sealing, a step's rounds go with Poly1305 of the step before; opening, with that of their own.
template <class V, class F, bool kSealing>
WEFT_FRAME void column(const Work* const* works, unsigned count) {
    ColumnState<V> state;
    find_messages<V>(state, works, count);
    find_starts<V>(state);
    typename V::U32 mixed[16];
    first_words<V>(state.start, mixed);
    mix_once<V>(mixed);
    ColumnMac<V, F> mac;
    ColumnTurns<V, F> turns{mac};
    Places<V> both[2];
    std::size_t from = 0;
    std::size_t size = kBlock;  // half a step: the first blocks are the keys of Poly1305
    for (std::size_t step = 0; step == 0 || from < state.longest; ++step) {
        Places<V>& places = both[step % 2];
        find_places<V>(places, state, from, size);
        const bool in_turns = V::kHasRegistersForTurns && step != 0;
        if (!kSealing && in_turns) {
            turns.offer(places, places.from, size);
        }
        typename V::U32 x[16];
        WEFT_UNROLL
        for (std::size_t i = 0; i < 16; ++i) {
            x[i] = i == 12 ? state.start.counter : mixed[i];
        }
        rounds_after_mix<V>(x, turns);
        turns.finish();
        add_first_words<V>(state.start, x);
        state.start.counter += V::all32(2);
        if (step == 0) {
            mac.start(x);
        }
        V::transpose_words(x);
        if (!kSealing && !in_turns) {
            turns.offer(places, places.from, size);
            turns.finish();
        }
        add_key_stream<V>(places, x, step == 0 ? 1 : 0);
        if (places.shortest < size) {
            place_ragged<V>(places, state, from, size);
        }
        if (kSealing) {
            turns.offer(places, places.to, size);
        }
        from += size;
        size = kColumnStep;
    }
    turns.finish();
    write_tags<V, F>(mac, state);
}

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
