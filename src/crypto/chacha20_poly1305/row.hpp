// SPDX-License-Identifier: Apache-2.0
// One message over all lanes, Poly1305's too, for vectors wide enough to beat the integer units at
// it (rows.hpp): a vector's 32-bit lanes are consecutive blocks of its key stream, and its 64-bit
// lanes take turns with the blocks of Poly1305. Lane sums are brought together at the end by powers
// of r:
//
//   h = (...((m0 * R + mP) * R + m2P) ...) * T     R = r^P for all lanes, T = r^P ... r^1, P lanes
//
// The stream of Poly1305 blocks is made a multiple of P by leading zeros, which leave h zero; so
// its last P blocks are always the message's end and the lengths. Branches on lengths only.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/chacha20.hpp"
#include "chacha20_poly1305/poly1305.hpp"
#include "chacha20_poly1305/rows.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

template <class V, class F>
class RowMac {
    using U64 = typename V::U64;
    using Number = typename F::Number;
    static constexpr std::size_t kLanes = V::kLanes;
    static constexpr std::size_t kStep = 16 * kLanes;

  public:
    /// `key` is the one-time key; `text` the ciphertext, or where it will be.
    WEFT_KERNEL RowMac(const std::uint8_t* key, const std::uint8_t* text, std::size_t size)
        : text_(text), size_(size) {
        const std::size_t blocks = (size + 15) / 16 + 1;
        zeros_ = (kLanes - blocks % kLanes) % kLanes;
        steps_ = (blocks + zeros_) / kLanes;
        std::uint64_t r[2];
        WEFT_IN_SCOPE(r, sizeof r);
        std::memcpy(r, key, sizeof r);
        find_powers(clamped<V, F>(V::all64(r[0]), V::all64(r[1])), blocks);
        WEFT_UNROLL
        for (std::size_t i = 0; i < 4; ++i) {
            pad_[i] = V::all64(word_at(key + 16 + 4 * i));
        }
    }

    /// The first `size` bytes of the text are there.
    WEFT_KERNEL void offer(std::size_t size) { offered_ = size; }

    [[nodiscard]] WEFT_KERNEL bool is_ready() const {
        return step_ + 1 < steps_ && end_of(step_) <= offered_;
    }

    /// Takes a step or two, if what that needs is there.
    WEFT_KERNEL void poll() {
        if (is_ready()) {
            take_steps();
        }
    }

    /// Takes at least the first `size` bytes, and gives the tag when that was the last of it.
    WEFT_KERNEL void catch_up(std::size_t size, std::uint8_t* tag) {
        while (step_ + 1 < steps_ && step_ * kStep < size + 16 * zeros_) {
            take_steps();
        }
        if (step_ + 1 == steps_ && step_ * kStep < size + 16 * zeros_) {
            take_last_step(tag);
            ++step_;
        }
    }

    /// Takes the rest, and gives the tag if it has not been given yet.
    WEFT_FRAME void finish(std::uint8_t* tag) { catch_up(size_ + 16, tag); }

  private:
    WEFT_FRAME void take_last_step(std::uint8_t* tag) {
        alignas(64) std::uint8_t scratch[kStep] = {};
        WEFT_IN_SCOPE(scratch, sizeof scratch);
        const std::size_t done = step_ == 0 ? 0 : step_ * kStep - 16 * zeros_;
        std::memcpy(scratch + (step_ == 0 ? 16 * zeros_ : 0), text_ + done, size_ - done);
        const std::uint64_t size = size_;
        std::memcpy(scratch + kStep - 8, &size, sizeof size);
        const U64 top = step_ == 0 ? tops() : V::all64(F::kAbove128);
        const Number lanes = F::carry(F::product(F::sum(h_, blocks_at(scratch, top)), each_));
        Number sum;
        WEFT_UNROLL
        for (std::size_t i = 0; i < F::kLimbs; ++i) {
            sum.limb[i] = V::all64(V::sum_lanes(lanes.limb[i]));
        }
        U64 low;
        U64 high;
        F::reduce(sum, low, high);
        add_pad<V>(pad_, low, high);
        alignas(64) std::uint64_t words[2][kLanes];
        V::store64(words[0], low);
        V::store64(words[1], high);
        std::memcpy(tag, words[0], 8);
        std::memcpy(tag + 8, words[1], 8);
    }

    /// Two steps with one chain of carries where there are two, else one.
    WEFT_FRAME inline void take_steps() {
        const U64 top = V::all64(F::kAbove128);
        if (step_ == 0 && zeros_ != 0) {
            alignas(64) std::uint8_t scratch[kStep] = {};
            WEFT_IN_SCOPE(scratch, sizeof scratch);
            std::memcpy(scratch + 16 * zeros_, text_, kStep - 16 * zeros_);
            h_ = F::carry(F::product(F::sum(h_, blocks_at(scratch, tops())), all_));
        } else if (step_ + 2 < steps_ && end_of(step_ + 1) <= offered_) {
            const auto first =
                F::product(F::sum(h_, blocks_at(text_ + begin_of(step_), top)), all2_);
            h_ = F::carry(F::add_product(first, blocks_at(text_ + begin_of(step_ + 1), top), all_));
            ++step_;
        } else {
            h_ = F::carry(F::product(F::sum(h_, blocks_at(text_ + begin_of(step_), top)), all_));
        }
        ++step_;
    }

    /// Where the text of `step` begins; not for the first if that has zeros.
    [[nodiscard]] WEFT_KERNEL std::size_t begin_of(std::size_t step) const {
        return step * kStep - 16 * zeros_;
    }

    /// How much text `step` and those before it take; not for the last.
    [[nodiscard]] WEFT_KERNEL std::size_t end_of(std::size_t step) const {
        return (step + 1) * kStep - 16 * zeros_;
    }

    /// The block of a step that a lane takes: V::split_pair interleaves two halves.
    static constexpr std::size_t block_of(std::size_t lane) {
        return (lane % 2) * (kLanes / 2) + lane / 2;
    }

    /// all_ = r^P, all2_ = r^(2P), each_ = r^(P - block_of(lane)); not those that `blocks` do not
    /// need.
    WEFT_KERNEL void find_powers(const Number& r, std::size_t blocks) {
        Number square = r;  // r^(2^bit)
        Number each = r;
        for (std::size_t bit = 1; bit < kLanes; bit *= 2) {
            if (blocks > bit) {
                // Where the exponent has this bit.
                alignas(64) std::uint64_t chosen[kLanes];
                WEFT_UNROLL
                for (std::size_t lane = 0; lane < kLanes; ++lane) {
                    const std::size_t exponent = kLanes - 1 - block_of(lane);
                    chosen[lane] = std::uint64_t{0} - ((exponent / bit) & 1);
                }
                const U64 mask = V::load64(chosen);
                const auto factor = F::factor(square);
                const Number more = F::carry(F::product(each, factor));
                WEFT_UNROLL
                for (std::size_t i = 0; i < F::kLimbs; ++i) {
                    each.limb[i] ^= (each.limb[i] ^ more.limb[i]) & mask;
                }
                square = F::carry(F::product(square, factor));
            }
        }
        all_ = F::factor(square);
        if (steps_ > 2) {
            all2_ = F::factor(F::carry(F::product(square, all_)));
        }
        each_ = F::factor(each);
    }

    /// 2^128 for each block, but none for the leading zeros.
    [[nodiscard]] WEFT_KERNEL U64 tops() const {
        alignas(64) std::uint64_t top[kLanes];
        WEFT_UNROLL
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            top[lane] = block_of(lane) >= zeros_ ? F::kAbove128 : 0;
        }
        return V::load64(top);
    }

    [[nodiscard]] static WEFT_KERNEL Number blocks_at(const std::uint8_t* from, U64 top) {
        U64 low;
        U64 high;
        V::split_pair(
            V::as64(V::load(from)), V::as64(V::load(from + sizeof(typename V::U32))), low, high);
        return F::split(low, high, top);
    }

    const std::uint8_t* text_;
    std::size_t size_;
    std::size_t offered_ = 0;
    std::size_t step_ = 0;
    std::size_t steps_;
    std::size_t zeros_;  // leading blocks of zeros
    Number h_{};
    typename F::Factor all_;
    typename F::Factor all2_;  // its square
    typename F::Factor each_;
    U64 pad_[4];
};

/// The key stream from block `counter` on, V::kWords blocks, to `stream`.
template <class V, class Mac>
WEFT_KERNEL void vector_of_blocks(const Work& work,
                                  std::size_t counter,
                                  Mac& mac,
                                  std::uint8_t* stream) {
    const RowStart<V> start{work};
    typename V::U32 x[16];
    chacha20_words<V>(start, counter, x, mac);
    store_words<V>(stream, x);
}

/// The key stream from block `counter` on, of which `wanted` blocks are needed; how many came. N is
/// a set of shorter vectors, or V.
template <class V, class N, class Mac>
WEFT_FRAME inline std::size_t make_stream(
    const Work& work, std::size_t counter, std::size_t wanted, Mac& mac, std::uint8_t* stream) {
    if (sizeof(typename N::U32) < sizeof(typename V::U32) && wanted <= N::kWords) {
        vector_of_blocks<N>(work, counter, mac, stream);
        return N::kWords;
    }
    vector_of_blocks<V>(work, counter, mac, stream);
    return V::kWords;
}

inline std::size_t blocks_in(std::size_t size) {
    return (size + kBlock - 1) / kBlock;
}

/// Poly1305 follows the key stream: it takes what is sealed while the next blocks are made.
template <class V, class N, class F>
WEFT_FRAME inline void seal_row(const Work& work) {
    alignas(64) std::uint8_t stream[V::kWords * kBlock];
    Idle idle;
    std::size_t made = make_stream<V, N>(work, 0, 1 + blocks_in(work.size), idle, stream);
    RowMac<V, F> mac{stream, work.out, work.size};
    std::size_t done = at_most((made - 1) * kBlock, work.size);
    add_stream<V>(work, 0, done, stream + kBlock);
    mac.offer(done);
    while (done < work.size) {
        made = make_stream<V, N>(work, done / kBlock + 1, blocks_in(work.size - done), mac, stream);
        const std::size_t from = done;
        done = at_most(from + made * kBlock, work.size);
        add_stream<V>(work, from, done, stream);
        mac.offer(done);
    }
    mac.finish(work.tag);
}

/// In place: nothing is opened that Poly1305 has yet to take, so a stream waits until the next one
/// is made.
template <class V, class N, class F>
WEFT_FRAME inline void open_row(const Work& work) {
    alignas(64) std::uint8_t streams[2][V::kWords * kBlock];
    Idle idle;
    std::size_t made = make_stream<V, N>(work, 0, 1 + blocks_in(work.size), idle, streams[0]);
    RowMac<V, F> mac{streams[0], work.out, work.size};
    mac.offer(work.size);
    const std::uint8_t* waiting = streams[0] + kBlock;
    std::size_t done = 0;
    std::size_t end = at_most((made - 1) * kBlock, work.size);
    for (std::size_t next = 1; end < work.size; next ^= 1) {
        made = make_stream<V, N>(
            work, end / kBlock + 1, blocks_in(work.size - end), mac, streams[next]);
        mac.catch_up(end, work.tag);
        add_stream<V>(work, done, end, waiting);
        waiting = streams[next];
        done = end;
        end = at_most(done + made * kBlock, work.size);
    }
    mac.finish(work.tag);
    add_stream<V>(work, done, end, waiting);
}

/// A message whose blocks, the key's among them, are one of the shorter vectors: the powers of r
/// that the lanes need would take longer than Poly1305 block by block.
template <class N>
inline bool is_short(const Work& work) {
    return work.size <= (N::kWords - 1) * kBlock;
}

/// One message of any size.
template <class V, class N, class F, bool kSealing>
WEFT_FRAME void one(const Work& work) {
    if (is_short<N>(work)) {
        row<N, MacInTurns<N>, kSealing>(work);
    } else if (kSealing) {
        seal_row<V, N, F>(work);
    } else {
        open_row<V, N, F>(work);
    }
}

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
