// SPDX-License-Identifier: Apache-2.0
// How large an inner packet the path to one peer carries whole: packetization layer path MTU
// discovery (RFC 8899) with gossip's padded pings, for paths whose routers tell nobody, or whose
// fragments are dropped. Pure: sizes and a time in, sizes to try out.
//
//   the interface's MTU is tried first, alone: on most paths that is one datagram
//   lost: sizes from 1280 on are tried beside it; what is lost three times, while a smaller one is
//   answered, does not pass. What is answered is in force, never less than 1280
//   while data goes there: what is in force is tried again each 10 s (a black hole), the largest
//   each 10 minutes (a path that has become better), and both where the path is another one
#pragma once

#include <cstdint>
#include <vector>

#include <weft/base/clock.hpp>

namespace weft::mesh {

class PathMtu {
  public:
    static constexpr std::uint32_t kLeast = 1280;  ///< of IPv6 (RFC 8200, 5): never below it
    /// Inner packets are padded to it (wg::kPaddingMultiple): nothing between can be told apart.
    static constexpr std::uint32_t kStep = 16;
    static constexpr std::uint32_t kSmall = 0;  ///< a ping that passes everywhere
    static constexpr std::size_t kSizesMax = 8;
    static constexpr int kTries = 3;
    static constexpr Duration kAnswerTime = std::chrono::seconds{1};
    static constexpr Duration kConfirmEvery = std::chrono::seconds{10};
    static constexpr Duration kRaiseEvery = std::chrono::minutes{10};  ///< RFC 8899, 5.1.1

    /// `most`: the interface's MTU, from which packets to the peer start.
    explicit PathMtu(std::uint32_t most) : most_(most), mtu_(most) {}

    /// Sizes of inner packets to try now. `sending`: data has gone there since the last call.
    [[nodiscard]] std::vector<std::uint32_t> due(Time now, bool sending);
    void on_answer(std::uint32_t size);
    /// The peer is elsewhere: what was found is in force until something else is.
    void on_new_path() {
        searching_ = false;
        raise_at_ = {};
    }

    /// In force; `most` where nothing is known.
    [[nodiscard]] std::uint32_t mtu() const { return mtu_; }
    /// Packets of kLeast do not pass whole either.
    [[nodiscard]] bool is_below_least() const { return is_below_least_; }

  private:
    void begin(std::uint32_t top);
    void widen();
    void judge(Time now);
    void end(Time now);
    static std::vector<std::uint32_t> between(std::uint32_t low, std::uint32_t high);

    std::uint32_t most_;
    std::uint32_t mtu_;
    bool is_below_least_ = false;
    Time confirm_at_{};
    Time raise_at_{};

    // The search that is going on.
    bool searching_ = false;
    bool heard_ = false;                // any answer
    int tries_ = 0;                     // of this round's sizes
    Time next_try_{};                   // or judgement
    std::uint32_t passed_ = 0;          // the largest that was answered
    std::uint32_t lost_ = 0;            // the smallest that was not, or more than all
    std::vector<std::uint32_t> sizes_;  // of this round, the largest first
};

}  // namespace weft::mesh
