// SPDX-License-Identifier: Apache-2.0
// The handshake lane: one thread for everything that is not data. It takes handshakes from its own
// sockets (or from workers where steering failed), workers' requests and the timers to wg::Device,
// and carries out what the device wants done. Two queues, as there are two sockets: initiations
// without a cookie, which anyone can send from any address, wait in the crowd's.
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
                  std::vector<std::unique_ptr<Worker>>& workers,
                  const sys::UdpGroup& group);
    ~HandshakeLane() { stop(); }
    HandshakeLane(const HandshakeLane&) = delete;
    HandshakeLane& operator=(const HandshakeLane&) = delete;

    void start();
    void stop();

    /// Sends, flushes, publishes, retires; empties `actions`. The caller holds the device's mutex.
    void carry_out(wg::Actions& actions);

    /// Of datagrams that never reached the device.
    [[nodiscard]] const DropCounters& drops() const { return drops_; }

  private:
    using Handshake = LaneMailbox::Handshake;
    using Queue = std::deque<Handshake>;

    static constexpr std::size_t kQueueMax = wg::kLaneQueueMax / 2;
    static constexpr std::size_t kPerRound = 64;       // handshakes under one hold of the mutex
    static constexpr std::size_t kCrowdPerRound = 16;  // of them, whatever else there is
    /// A handful of messages of one sender; only GRO makes more of them arrive at once.
    static constexpr std::size_t kArrivalMax = 2048;
    static constexpr int kReclaimPollMs = 5;
    /// Where processors are short packets come first: a third of a worker's weight. A thread that
    /// slept is still run soon.
    static constexpr int kNice = 5;

    void loop();
    void drain(const sys::UdpPair& sockets, Queue& queue);
    void drain(const sys::UdpSocket& socket, Queue& queue, std::size_t room);
    void enqueue(ConstBytes datagram, const net::Path& path, Queue& queue);
    void run_round();
    void run_queue(Queue& queue, std::size_t limit, wg::Now now, wg::Actions& actions);
    void run_requests(wg::Now now, wg::Actions& actions);
    void send(const wg::Actions::Datagram& datagram);
    void retire(wg::Actions& actions);
    [[nodiscard]] int sleep_ms();

    Shared& shared_;
    GuardedDevice& guarded_;
    std::vector<std::unique_ptr<Worker>>& workers_;
    const sys::UdpGroup& group_;  // `lane` and `crowd` where it is steered

    std::unique_ptr<std::byte[]> buffer_;  // what is received at once
    DropCounters drops_;                   // the lane's thread alone
    Queue queue_;                          // at most kQueueMax each
    Queue crowd_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace weft::dataplane
