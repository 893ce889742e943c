// SPDX-License-Identifier: Apache-2.0
// The part of a peer's timers that packets touch. Workers only store times; the handshake lane
// reads them and decides (tunnel.cpp). Semantics: kernel timers.c; paper 6.5.
//
//   new handshake  kNewHandshakeAfter + jitter after data was sent with nothing authenticated back
//   keepalive      kKeepaliveTimeout after data was received with nothing sent back; it answers
//   what
//                  came meanwhile too (the kernel notes that another one is needed, but sending the
//                  first deletes the timer again)
//   persistent     the configured interval after the last authenticated packet either way
//
// Each field is relaxed: a timer that is seen one poll late is still exact to the lane's wake-up.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include <weft/base/clock.hpp>

namespace weft::wg {

class PacketTimers {
  public:
    /// A data packet (not a keepalive) has been sent; call on_authenticated_sent() too.
    void on_data_sent(Time now) { arm(unanswered_since_, now); }
    /// A data packet (not a keepalive) has been received; call on_authenticated_received() too.
    void on_data_received(Time now) { arm(unacknowledged_since_, now); }
    /// Data, keepalive or handshake message.
    void on_authenticated_sent(Time now) {
        disarm(unacknowledged_since_);
        last_traversal_.store(to_ns(now), std::memory_order_relaxed);
    }
    /// Data, keepalive, or a handshake message that was accepted.
    void on_authenticated_received(Time now) {
        disarm(unanswered_since_);
        last_traversal_.store(to_ns(now), std::memory_order_relaxed);
    }

    // ---- The lane's side ---------------------------------------------------------------------
    [[nodiscard]] std::optional<Time> unanswered_since() const { return read(unanswered_since_); }
    [[nodiscard]] std::optional<Time> unacknowledged_since() const {
        return read(unacknowledged_since_);
    }
    [[nodiscard]] std::optional<Time> last_traversal() const { return read(last_traversal_); }
    void disarm_new_handshake() { disarm(unanswered_since_); }
    void disarm_keepalive() { disarm(unacknowledged_since_); }
    void clear() {
        disarm(unanswered_since_);
        disarm(unacknowledged_since_);
    }

  private:
    using Stamp = std::atomic<std::int64_t>;  // ns of BootClock, 0 = not armed

    static std::int64_t to_ns(Time time) { return time.time_since_epoch().count(); }
    static void arm(Stamp& stamp, Time now) {
        if (stamp.load(std::memory_order_relaxed) == 0) {
            stamp.store(to_ns(now), std::memory_order_relaxed);
        }
    }
    static void disarm(Stamp& stamp) {
        if (stamp.load(std::memory_order_relaxed) != 0) {
            stamp.store(0, std::memory_order_relaxed);
        }
    }
    static std::optional<Time> read(const Stamp& stamp) {
        const std::int64_t ns = stamp.load(std::memory_order_relaxed);
        return ns == 0 ? std::nullopt : std::optional{Time{Duration{ns}}};
    }

    Stamp unanswered_since_{0};
    Stamp unacknowledged_since_{0};
    Stamp last_traversal_{0};
};

}  // namespace weft::wg
