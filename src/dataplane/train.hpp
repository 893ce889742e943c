// SPDX-License-Identifier: Apache-2.0
// Trains being filled: equal-sized data messages to one peer that leave as one GSO datagram. A
// train stays open across TUN reads until the queue is empty, it is full, a shorter message has
// ended it, or another peer needs its place. One worker's own.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include <weft/sys/udp_socket.hpp>
#include <weft/wg/peer.hpp>

namespace weft::dataplane {

struct Train {
    wg::Peer* peer = nullptr;  // null: free
    std::size_t segment = 0;   // size of each message but perhaps the last
    std::size_t used = 0;
    std::uint32_t count = 0;
    std::uint8_t ecn = 0;
    bool ended = false;  // by a shorter message
    std::uint64_t opened = 0;
    std::unique_ptr<std::byte[]> bytes;

    [[nodiscard]] ConstBytes view() const { return {bytes.get(), used}; }
};

/// Where a message goes: its place in a train, and the zeros to add so that it fits the train's
/// size.
struct TrainSlot {
    std::byte* at = nullptr;
    std::uint32_t extra_pad = 0;
};

class TrainYard {
  public:
    /// Open trains at once; more peers than this in one burst take turns. 64 KiB each, touched on
    /// use.
    static constexpr std::size_t kTracks = 8;
    /// A message up to this much shorter than its train is padded to fit; a shorter one ends the
    /// train.
    static constexpr std::size_t kExtraPadMax = 64;

    TrainYard();

    /// The open train of `peer`, or null.
    [[nodiscard]] Train* find(const wg::Peer& peer);
    /// A free train for `peer`, or null: send oldest() first.
    [[nodiscard]] Train* open(wg::Peer& peer, std::uint8_t ecn);
    [[nodiscard]] Train& oldest();
    [[nodiscard]] std::array<Train, kTracks>& all() { return trains_; }

    /// A place for a message of `size` bytes in `train`; at == null: it does not fit, send the
    /// train.
    [[nodiscard]] static TrainSlot reserve(Train& train, std::size_t size, std::uint8_t ecn);
    static void release(Train& train);

  private:
    std::array<Train, kTracks> trains_;
    std::uint64_t opened_ = 0;
};

}  // namespace weft::dataplane
