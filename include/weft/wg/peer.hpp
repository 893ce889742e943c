// SPDX-License-Identifier: Apache-2.0
// A peer as the packet workers share it: current session, path, timers, counters, waiting packets.
// What the handshake lane alone knows of it is in tunnel.hpp. Lives until a grace period after its
// removal, so a worker may keep a pointer within one round of its loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include <weft/base/clock.hpp>
#include <weft/base/spin_lock.hpp>
#include <weft/crypto/x25519.hpp>
#include <weft/net/address.hpp>
#include <weft/wg/session.hpp>
#include <weft/wg/staged_queue.hpp>
#include <weft/wg/timers.hpp>

namespace weft::wg {

/// What a worker asks the handshake lane for; bits of Peer::request.
enum class PeerRequest : std::uint32_t {
    kHandshake = 1,  // no usable session, or its keys grow old
    kConfirm = 2,    // the responder's next session received its first packet
    kFlush = 4,      // something was staged although there is a session now
};

/// Bytes are whole WireGuard messages (UDP payload), as `wg show` counts them; packets likewise.
struct PeerCounters {
    std::atomic<std::uint64_t> rx_bytes{0};
    std::atomic<std::uint64_t> rx_packets{0};
    std::atomic<std::uint64_t> rx_missing{0};  // of data: numbers passed over and not yet seen
    std::atomic<std::uint64_t> tx_bytes{0};
    std::atomic<std::uint64_t> tx_packets{0};
};

class Peer {
  public:
    Peer(const crypto::PublicKey& key, std::uint8_t worker) : key_(key), worker_(worker) {}
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    [[nodiscard]] const crypto::PublicKey& key() const { return key_; }
    /// The worker whose number its indices carry and that flushes its waiting packets.
    [[nodiscard]] std::uint8_t worker() const { return worker_; }

    /// The session to send on, or null. Acquire; pairs with the lane's release in tunnel.cpp.
    [[nodiscard]] Session* current() const { return current_.load(std::memory_order_acquire); }
    void publish_current(Session* session) { current_.store(session, std::memory_order_release); }
    /// A worker's, for a session that it has just confirmed: in place of `before`, which was
    /// current until then, unless the lane has published another one since. Null is left to the
    /// lane.
    void succeed(Session* before, Session& session) {
        if (before != nullptr) {
            current_.compare_exchange_strong(before, &session, std::memory_order_acq_rel);
        }
    }

    // ---- Path --------------------------------------------------------------------------------

    [[nodiscard]] net::Path path() const {
        const std::scoped_lock lock{path_lock_};
        return path_;
    }
    [[nodiscard]] bool has_endpoint() const {
        return has_endpoint_.load(std::memory_order_relaxed);
    }
    /// An authenticated, fresh packet came this way: answer the same way. True if it is a change.
    bool roam(const net::Path& path) {
        const std::scoped_lock lock{path_lock_};
        if (path_ == path) {
            return false;
        }
        path_ = path;
        has_endpoint_.store(path.remote.valid(), std::memory_order_relaxed);
        return true;
    }
    /// Set by configuration: endpoint given, source left to routing.
    void set_endpoint(const net::Endpoint& endpoint) { roam({endpoint, {}, 0}); }
    /// The source address no longer works or may be stale.
    void forget_source() {
        const std::scoped_lock lock{path_lock_};
        path_.source = {};
        path_.source_interface = 0;
    }

    // ---- Requests to the lane ----------------------------------------------------------------

    /// True if the caller must hand the peer to the lane (nobody else has yet).
    [[nodiscard]] bool request(PeerRequest what) {
        return requests_.fetch_or(static_cast<std::uint32_t>(what), std::memory_order_acq_rel) == 0;
    }
    /// The lane takes all requests at once.
    [[nodiscard]] std::uint32_t take_requests() {
        return requests_.exchange(0, std::memory_order_acq_rel);
    }
    Peer* next_requested =
        nullptr;  // link of the lane's list; owned by whoever got true from request()

    /// Workers ask for a handshake at most once per REKEY_TIMEOUT; relaxed, a hint only.
    [[nodiscard]] bool initiated_recently(Time now) const {
        return now.time_since_epoch().count() - last_initiation_.load(std::memory_order_relaxed) <
               Duration{kRekeyTimeout}.count();
    }
    void note_initiation(Time now) {
        last_initiation_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    }
    void forget_initiation() { last_initiation_.store(kNever, std::memory_order_relaxed); }

    PacketTimers timers;
    PeerCounters counters;
    StagedQueue staged;

  private:
    static constexpr std::int64_t kNever = INT64_MIN / 2;

    crypto::PublicKey key_;
    std::uint8_t worker_;
    std::atomic<Session*> current_{nullptr};
    std::atomic<std::uint32_t> requests_{0};
    std::atomic<std::int64_t> last_initiation_{kNever};
    mutable SpinLock path_lock_;
    net::Path path_;  // guarded by path_lock_
    std::atomic<bool> has_endpoint_{false};
};

}  // namespace weft::wg
