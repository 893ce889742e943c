// SPDX-License-Identifier: Apache-2.0
// UDP to TUN, one worker's half. inbound.cpp lists the stages.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include <weft/base/clock.hpp>
#include <weft/sys/tun.hpp>
#include <weft/sys/udp_group.hpp>

#include "merge.hpp"
#include "shared.hpp"

namespace weft::dataplane {

/// Owned and called by one worker, online in Shared::qsbr for the length of each call.
class Inbound {
  public:
    Inbound(Shared& shared,
            std::size_t worker,
            const sys::TunQueue& tun,
            const sys::UdpPair& udp,
            DropCounters& drops);

    /// Stages 1–8 until both sockets are empty or the budget is spent. True if there was work.
    bool run(Time now);

  private:
    static constexpr std::size_t kTrainsPerRun = 32;
    static constexpr std::size_t kBatchMax = 128;

    /// Neighbours in a batch that have one session; what of them was good and new.
    struct Run {
        std::size_t end = 0;
        std::uint64_t bytes = 0;
        std::uint64_t packets = 0;
        std::uint64_t missing = 0;  // below zero (modulo 2^64) where late ones filled gaps
        bool any_data = false;
    };

    [[nodiscard]] bool receive(const sys::UdpSocket& socket, Time now);
    void on_train(const sys::ReceivedTrain& train, Time now);
    void classify(Bytes datagram, const sys::ReceivedTrain& train, Time now);
    void process_batch(const sys::ReceivedTrain& train, Time now);
    void reject_seen();
    void commit(const sys::ReceivedTrain& train, Time now);
    [[nodiscard]] Run commit_run(std::size_t start);
    void note_received(wg::Session& session,
                       const sys::ReceivedTrain& train,
                       bool any_data,
                       Time now);
    void deliver(Bytes plaintext, const wg::Peer& peer, std::uint8_t outer_traffic_class);
    void write_run();
    void write_singly();

    Shared& shared_;
    std::size_t worker_;
    const sys::TunQueue& tun_;
    const sys::UdpPair& udp_;
    DropCounters& drops_;

    std::unique_ptr<std::byte[]> buffer_;  // one received train, opened in place
    std::array<crypto::OpenJob, kBatchMax> jobs_;
    std::array<wg::Session*, kBatchMax> sessions_{};
    std::size_t batch_ = 0;
    Merger merger_;
    unsigned merge_failures_ = 0;
};

}  // namespace weft::dataplane
