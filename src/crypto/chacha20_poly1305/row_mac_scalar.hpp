// SPDX-License-Identifier: Apache-2.0
// RowMac (row.hpp) without vectors: beside the rounds of ChaCha20 it works on other ports of the
// CPU.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include "chacha20_poly1305/poly1305_scalar.hpp"
#include "chacha20_poly1305/text.hpp"

namespace weft::crypto::chacha20_poly1305 {
namespace {

class RowMacScalar {
  public:
    WEFT_KERNEL RowMacScalar(const std::uint8_t* key, const std::uint8_t* text, std::size_t size)
        : mac_(words_of(key)), text_(text), size_(size) {}

    WEFT_KERNEL void offer(std::size_t size) { offered_ = size; }

    WEFT_KERNEL void poll() {
        if (done_ + kTurn <= offered_) {
            mac_.update(text_ + done_, kTurn);
            done_ += kTurn;
        }
    }

    /// At least the first `size` bytes, and all if that is near.
    inline void catch_up(std::size_t size, std::uint8_t* tag) {
        const std::size_t end = size + kBlock < size_ ? size : size_;
        if (done_ < end) {
            const std::size_t take = end == size_ ? end - done_ : (end - done_ + 15) / 16 * 16;
            mac_.update(text_ + done_, take);
            done_ += take;
        }
        if (done_ == size_ && !finished_) {
            mac_.finish(size_, tag);
            finished_ = true;
        }
    }

    inline void finish(std::uint8_t* tag) { catch_up(size_, tag); }

  private:
    static constexpr std::size_t kTurn =
        32;  // a vector set with kWords blocks has ten turns for them

    static WEFT_KERNEL Poly1305 words_of(const std::uint8_t* key) {
        std::uint32_t words[8];
        std::memcpy(words, key, sizeof words);
        return Poly1305{words};
    }

    Poly1305 mac_;
    const std::uint8_t* text_;
    std::size_t size_;
    std::size_t offered_ = 0;
    std::size_t done_ = 0;
    bool finished_ = false;
};

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
