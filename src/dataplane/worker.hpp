// SPDX-License-Identifier: Apache-2.0
// A packet worker: one thread, one TUN queue, one UDP socket a family, both directions in one loop.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <weft/sys/tun.hpp>
#include <weft/sys/udp_group.hpp>
#include <weft/sys/yielding.hpp>
#include <weft/wg/actions.hpp>

#include "inbound.hpp"
#include "outbound.hpp"
#include "shared.hpp"

namespace weft::dataplane {

class Worker {
  public:
    Worker(Shared& shared, std::size_t number, const sys::TunQueue& tun, const sys::UdpPair& udp);
    ~Worker() { stop(); }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void start();
    /// Joins; the sockets and the queue may then be closed. Idempotent.
    void stop();

    // ---- From the lane, under the device's mutex ------------------------------------------------
    void flush(const wg::Actions::Flush& what);
    /// The peer is about to be retired: no order names it any more.
    void forget(wg::Peer& peer);

    [[nodiscard]] const DropCounters& drops() const { return drops_; }

  private:
    void loop();
    bool run_orders(Time now);
    void sleep(const UniqueFd& epoll) const;

    Shared& shared_;
    std::size_t number_;
    const sys::TunQueue& tun_;
    const sys::UdpPair& udp_;
    DropCounters drops_;
    Outbound outbound_;
    Inbound inbound_;
    sys::Yielding yielding_;

    struct Orders {
        std::mutex mutex;
        /// Peer to keepalive_if_empty: at most one order a peer.
        std::unordered_map<wg::Peer*, bool> flushes;
    };
    Orders orders_;
    std::atomic<bool> has_orders_{false};  // hint, so that a busy loop takes no lock
    std::atomic<bool> stopping_{false};
    sys::WakeFd wake_;
    std::thread thread_;
};

}  // namespace weft::dataplane
