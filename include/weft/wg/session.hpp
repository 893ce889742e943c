// SPDX-License-Identifier: Apache-2.0
// A session: one pair of keys in use with a peer, as the packet workers see it. Made and retired by
// the handshake lane; any worker may seal for it, the workers' receive side is under receive_lock.
// Retired sessions are destroyed after a grace period (dataplane/qsbr), which wipes their keys.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include <weft/base/clock.hpp>
#include <weft/base/spin_lock.hpp>
#include <weft/crypto/aead.hpp>
#include <weft/wg/messages.hpp>
#include <weft/wg/replay_window.hpp>

namespace weft::wg {

class Peer;

/// The two transport keys of a finished handshake.
struct TransportKeys {
    crypto::AeadKey send;
    crypto::AeadKey receive;
};

/// Hands out nonces, none twice. Any thread.
class NonceCounter {
  public:
    /// The largest block that is asked for: more than a super-packet ever has segments.
    static constexpr std::uint32_t kBlockMax = 500;

    explicit NonceCounter(std::uint64_t first = 0) : next_(first) {}

    /// The first of `count` (≤ kBlockMax) consecutive nonces, or nothing if the block would reach
    /// kRejectAfterMessages.
    [[nodiscard]] std::optional<std::uint64_t> take(std::uint32_t count);
    [[nodiscard]] std::uint64_t next() const { return next_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> next_;
};

class Session {
  public:
    struct Indices {
        Index local;   // ours: in what we receive
        Index remote;  // the peer's: in what we send
    };

    Session(Peer& peer,
            TransportKeys keys,
            Indices indices,
            bool is_initiator,
            Time created,
            std::uint64_t first_nonce = 0)
        : keys_(std::move(keys)),
          peer_(peer),
          indices_(indices),
          created_(created),
          is_initiator_(is_initiator),
          confirmed_(is_initiator),
          nonces_(first_nonce) {}
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    [[nodiscard]] Peer& peer() const { return peer_; }
    [[nodiscard]] Index local_index() const { return indices_.local; }
    [[nodiscard]] Index remote_index() const { return indices_.remote; }
    [[nodiscard]] bool is_initiator() const { return is_initiator_; }
    [[nodiscard]] Time created() const { return created_; }

    // ---- Sending: any worker -----------------------------------------------------------------

    [[nodiscard]] const crypto::AeadKey& send_key() const { return keys_.send; }
    /// False once the keys are too old, used up or invalidated: stage and ask for a handshake.
    [[nodiscard]] bool may_send(Time now) const {
        return sending_valid_.load(std::memory_order_relaxed) &&
               now - created_ < kRejectAfterTime && nonces_.next() < kRejectAfterMessages;
    }
    /// The first of `count` consecutive nonces, in one atomic step; nothing if the block would
    /// reach the message limit, and then never again.
    [[nodiscard]] std::optional<std::uint64_t> take_nonces(std::uint32_t count);
    /// Whether sending has made a new handshake due (REKEY_AFTER_MESSAGES, or REKEY_AFTER_TIME as
    /// the initiator). Asked after a send.
    [[nodiscard]] bool wants_rekey_after_send(Time now) const {
        return nonces_.next() > kRekeyAfterMessages ||
               (is_initiator_ && now - created_ >= kRekeyAfterTime);
    }
    /// No worker starts another packet on it (private key changed, peer asked for a new one).
    void invalidate_sending() { sending_valid_.store(false, std::memory_order_relaxed); }

    // ---- Receiving ---------------------------------------------------------------------------

    [[nodiscard]] const crypto::AeadKey& receive_key() const { return keys_.receive; }
    [[nodiscard]] bool may_receive(Time now) const { return now - created_ < kRejectAfterTime; }
    /// True once in the life of the session: as initiator, 165 s after its birth. Asked of the
    /// peer's *current* session when a packet came on any of its sessions.
    [[nodiscard]] bool wants_rekey_after_receive(Time now) {
        return is_initiator_ && now - created_ >= kRekeyWhenReceivingAfter &&
               !sent_last_minute_.exchange(true, std::memory_order_relaxed);
    }
    /// True for the one caller that saw the first authenticated packet of a responder's session; or
    /// for the lane, about to take its place from it: then no worker makes it current any more.
    [[nodiscard]] bool confirm() {
        return !confirmed_.load(std::memory_order_relaxed) &&
               !confirmed_.exchange(true, std::memory_order_acq_rel);
    }
    [[nodiscard]] bool confirmed() const { return confirmed_.load(std::memory_order_acquire); }

    /// Guards window. Contended only where steering has failed and two workers receive for one
    /// peer.
    SpinLock receive_lock;
    ReplayWindow window;

  private:
    TransportKeys keys_;
    Peer& peer_;
    Indices indices_;
    Time created_;
    bool is_initiator_;
    std::atomic<bool> confirmed_;
    std::atomic<bool> sending_valid_{true};
    std::atomic<bool> sent_last_minute_{false};
    NonceCounter nonces_;
};

}  // namespace weft::wg
