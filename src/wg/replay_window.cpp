// SPDX-License-Identifier: Apache-2.0
// The sliding window of received counters (RFC 6479; kernel receive.c, counter_validate). Inbound:
// may_accept before the tag is checked, commit after. The worker that holds the receive lock.
//
// The bitmap is a ring of words. Entering a word clears it, so the word being entered may not hold
// counters that still count: one word less than the ring is usable.
#include <algorithm>

#include <weft/wg/replay_window.hpp>

namespace weft::wg {
namespace {

constexpr std::uint64_t kWordBits = 64;

/// Place of a counter's word in the ring.
std::size_t slot_of(std::uint64_t word) {
    constexpr std::uint64_t kSlots = kWindowBits / kWordBits;
    return static_cast<std::size_t>(word % kSlots);
}

std::uint64_t bit_of(std::uint64_t counter) {
    return 1ULL << (counter % kWordBits);
}

}  // namespace

bool ReplayWindow::may_accept(std::uint64_t counter) const {
    if (counter >= kRejectAfterMessages) {
        return false;
    }
    if (counter >= next_) {
        return true;
    }
    const std::uint64_t highest = next_ - 1;
    return highest - counter <= kWindowSize &&
           (bits_[slot_of(counter / kWordBits)] & bit_of(counter)) == 0;
}

bool ReplayWindow::commit(std::uint64_t counter) {
    if (!may_accept(counter)) {
        return false;
    }
    const std::uint64_t word = counter / kWordBits;
    if (counter >= next_) {
        // Words behind the highest counter's, up to this one's, are entered anew. Word 0 starts
        // clear.
        const std::uint64_t last = next_ == 0 ? 0 : (next_ - 1) / kWordBits;
        const std::uint64_t entered = std::min<std::uint64_t>(word - last, kWords);
        for (std::uint64_t i = 1; i <= entered; ++i) {
            bits_[slot_of(last + i)] = 0;
        }
        next_ = counter + 1;
    }
    bits_[slot_of(word)] |= bit_of(counter);
    return true;
}

}  // namespace weft::wg
