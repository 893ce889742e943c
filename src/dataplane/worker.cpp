// SPDX-License-Identifier: Apache-2.0
// The worker's loop: orders of the lane, outbound, inbound, until a round has found no work; then
// it helps others, or sleeps. A round that found work is followed by another, so both descriptors
// have come back empty after the last piece of work (an echo reply is queued before the TUN write
// returns).
#include "worker.hpp"

#include <pthread.h>

namespace weft::dataplane {

Worker::Worker(Shared& shared,
               std::size_t number,
               const sys::TunQueue& tun,
               const sys::UdpPair& udp)
    : shared_(shared),
      number_(number),
      tun_(tun),
      udp_(udp),
      outbound_(shared, number, tun, udp, drops_),
      inbound_(shared, number, tun, udp, drops_) {}

void Worker::start() {
    stopping_.store(false);
    thread_ = std::thread{[this] { loop(); }};
    const std::string name = "weft-w" + std::to_string(number_);
    pthread_setname_np(thread_.native_handle(), name.c_str());
}

void Worker::stop() {
    stopping_.store(true);
    wake_.wake();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Worker::flush(const wg::Actions::Flush& what) {
    {
        const std::scoped_lock lock{orders_.mutex};
        orders_.flushes[what.peer] |= what.keepalive_if_empty;
    }
    has_orders_.store(true, std::memory_order_release);
    wake_.wake();
}

void Worker::forget(wg::Peer& peer) {
    const std::scoped_lock lock{orders_.mutex};
    orders_.flushes.erase(&peer);
}

void Worker::loop() {
    const UniqueFd epoll = sys::watch({tun_.fd(), udp_.v4.fd(), udp_.v6.fd(), wake_.fd()});
    shared_.qsbr.online(number_);
    while (!stopping_.load(std::memory_order_relaxed)) {
        const Time now = BootClock::now();
        bool worked = run_orders(now);
        worked |= outbound_.run(now);
        if (inbound_.run(now)) {
            worked = true;
            // What was written to the TUN waits in sockets of others: let them run before more
            // comes.
            yielding_.yield();
        }
        shared_.qsbr.quiescent(number_);
        if (!worked && !shared_.sharing.help(number_)) {
            sleep(epoll);
        }
    }
    shared_.qsbr.offline(number_);
}

bool Worker::run_orders(Time now) {
    if (!has_orders_.load(std::memory_order_acquire)) {
        return false;
    }
    std::unordered_map<wg::Peer*, bool> flushes;
    {
        const std::scoped_lock lock{orders_.mutex};
        has_orders_.store(false, std::memory_order_relaxed);
        flushes.swap(orders_.flushes);
    }
    for (const auto& [peer, keepalive_if_empty] : flushes) {
        outbound_.flush_staged(*peer, keepalive_if_empty, now);
    }
    return true;
}

void Worker::sleep(const UniqueFd& epoll) const {
    shared_.qsbr.offline(number_);
    // A vanished TUN reports an error for ever: poll it slowly until control ends the daemon.
    const bool lost = shared_.interface_lost.load(std::memory_order_relaxed);
    if (lost) {
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    shared_.sharing.falls_asleep(number_, wake_);
    sys::sleep_on(epoll, wake_, lost ? 0 : -1);
    shared_.sharing.is_awake(number_);
    shared_.qsbr.online(number_);
}

}  // namespace weft::dataplane
