// SPDX-License-Identifier: Apache-2.0
// The handshake lane: one thread for everything that is not data. It takes handshakes from its own
// socket (or from workers where steering failed), workers' requests and the timers to wg::Device,
// and carries out what the device wants done.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <weft/sys/udp_group.hpp>
#include <weft/wg/device.hpp>

#include "shared.hpp"
#include "worker.hpp"

namespace weft::dataplane {

/// The device and who may touch it: the lane's thread and Engine::change, one at a time.
struct GuardedDevice {
    GuardedDevice(RandomSource& random, unsigned workers) : device(random, workers) {}
    std::mutex mutex;
    wg::Device device;   // guarded by mutex
    DropCounters drops;  // written under mutex
};

class HandshakeLane {
  public:
    HandshakeLane(Shared& shared,
                  GuardedDevice& guarded,
                  std::vector<std::unique_ptr<Worker>>& workers);
    ~HandshakeLane() { stop(); }
    HandshakeLane(const HandshakeLane&) = delete;
    HandshakeLane& operator=(const HandshakeLane&) = delete;

    /// `receive`: the lane's own sockets, perhaps not valid; `send`: sockets to send with.
    void start(const sys::UdpPair& receive, const sys::UdpPair& send);
    void stop();

    /// Sends, flushes, publishes, retires; empties `actions`. The caller holds the device's mutex.
    void carry_out(wg::Actions& actions);

    /// Of datagrams that never reached the device.
    [[nodiscard]] const DropCounters& drops() const { return drops_; }

  private:
    static constexpr std::size_t kHandshakesPerRound = 16;
    static constexpr int kReclaimPollMs = 5;

    void loop();
    void drain(const sys::UdpSocket& socket);
    void enqueue(ConstBytes datagram, const net::Path& path);
    void run_round();
    void run_requests(wg::Now now, wg::Actions& actions);
    void send(const wg::Actions::Datagram& datagram);
    void retire(wg::Actions& actions);
    [[nodiscard]] int sleep_ms();

    Shared& shared_;
    GuardedDevice& guarded_;
    std::vector<std::unique_ptr<Worker>>& workers_;
    const sys::UdpPair* receive_ = nullptr;
    const sys::UdpPair* send_ = nullptr;

    std::unique_ptr<std::byte[]> buffer_;       // one received train
    DropCounters drops_;                        // the lane's thread alone
    std::deque<LaneMailbox::Handshake> queue_;  // at most wg::kLaneQueueMax
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace weft::dataplane
