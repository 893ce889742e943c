// SPDX-License-Identifier: Apache-2.0
// One peer's handshakes, key slots and timers: what the handshake lane alone knows of it. Bytes and
// a time in, Actions out. Device (device.hpp) owns the tunnels and finds the right one.
//
//   key slots:  previous (receive only)   current (sends)   next (responder's, until confirmed)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <weft/base/clock.hpp>
#include <weft/base/random.hpp>
#include <weft/net/drop_reason.hpp>
#include <weft/wg/actions.hpp>
#include <weft/wg/cookie.hpp>
#include <weft/wg/index_table.hpp>
#include <weft/wg/noise.hpp>
#include <weft/wg/peer.hpp>

namespace weft::wg {

/// Boot time for timers, Unix time for the handshake's timestamp.
struct Now {
    Time time;
    WallTime wall;
};

class Tunnel {
  public:
    /// What all tunnels of a device share; outlives them.
    struct Shared {
        const Identity& identity;
        IndexTable& indices;
        RandomSource& random;
        TimestampSource& timestamps;
    };

    Tunnel(Shared shared, const crypto::PublicKey& key, std::uint8_t worker);

    [[nodiscard]] Peer& peer() const { return *peer_; }

    // ---- Configuration -----------------------------------------------------------------------
    void set_preshared_key(const PresharedKey& key) { remote_.preshared_key = key.clone(); }
    [[nodiscard]] const PresharedKey& preshared_key() const { return remote_.preshared_key; }
    /// 0 turns it off. Turning it on sends one at once (as the kernel does).
    void set_persistent_keepalive(std::chrono::seconds interval, Now now, Actions& actions);
    [[nodiscard]] std::chrono::seconds persistent_keepalive() const {
        return persistent_keepalive_;
    }
    /// The device's private key changed: new precomputed secret, no more sending on old sessions, a
    /// handshake may go at once.
    void on_identity_changed();
    /// Removes every session, index and waiting packet; the tunnel is about to go.
    void retire(Actions& actions);
    [[nodiscard]] std::unique_ptr<Peer> take_peer() { return std::move(peer_); }

    // ---- Events ------------------------------------------------------------------------------
    /// Sends an initiation unless a handshake message went within REKEY_TIMEOUT, or there is nobody
    /// to send it to. `is_retry`: of the retransmit timer.
    void initiate(Now now, bool is_retry, Actions& actions);
    /// The static key of `message` is this peer's; the rest of it is opened here. The answer goes
    /// to `from`.
    [[nodiscard]] net::DropReason on_initiation(std::span<const std::byte, kInitiationSize> message,
                                                ConsumedInitiation& consumed,
                                                const net::Path& from,
                                                Now now,
                                                Actions& actions);
    [[nodiscard]] net::DropReason on_response(std::span<const std::byte, kResponseSize> message,
                                              const net::Path& from,
                                              Now now,
                                              Actions& actions);
    [[nodiscard]] net::DropReason on_cookie_reply(
        std::span<const std::byte, kCookieReplySize> message, Time now);
    /// `requests`: bits of PeerRequest.
    void on_requests(std::uint32_t requests, Now now, Actions& actions);
    void on_timers(Now now, Actions& actions);
    /// When on_timers is due next; never later than kTimerPollInterval from `now`.
    [[nodiscard]] Time next_deadline(Time now) const;

    // ---- For status --------------------------------------------------------------------------
    [[nodiscard]] std::optional<WallTime> last_handshake() const { return last_handshake_; }
    [[nodiscard]] bool handshake_pending() const { return handshake_.has_value(); }
    /// The index of the outstanding initiation, by which Device finds responses and cookie replies.
    [[nodiscard]] std::optional<Index> handshake_index() const {
        return handshake_ ? std::optional{handshake_->local_index} : std::nullopt;
    }

  private:
    struct Slots {
        std::unique_ptr<Session> previous, current, next;
    };

    void precompute();
    void respond(HandshakeState& state, Now now, Actions& actions);
    void begin_session(HandshakeState& state, bool is_initiator, Now now, Actions& actions);
    void confirm_next(Now now, Actions& actions);
    void complete_handshake(Now now);
    void retire_session(std::unique_ptr<Session>& slot, Actions& actions);
    void retire_sessions(Actions& actions);
    void cancel_handshake();
    void retransmit(Now now, Actions& actions);
    void send(Bytes message, Now now, Actions& actions);
    void note_received(std::size_t size, const net::Path& from, Now now);
    [[nodiscard]] bool handshake_sent_recently(Time now) const;
    [[nodiscard]] std::optional<Time> stuck_until() const;
    [[nodiscard]] std::optional<Time> keepalive_at() const;
    [[nodiscard]] std::optional<Time> new_handshake_at() const;
    [[nodiscard]] std::optional<Time> persistent_keepalive_at() const;
    [[nodiscard]] Duration jitter();

    Shared shared_;
    Remote remote_;
    std::unique_ptr<Peer> peer_;
    CookieJar cookies_;
    Slots slots_;
    std::optional<HandshakeState> handshake_;  // an initiation sent and not answered yet

    std::optional<Time> last_handshake_sent_;  // initiation or response: they share one limit
    std::optional<Time> last_initiation_consumed_;
    Timestamp last_timestamp_sent_{};
    Timestamp greatest_timestamp_{};
    std::optional<WallTime> last_handshake_;

    // Timers of the lane's own; those that packets touch are in Peer::timers.
    std::optional<Time> retransmit_at_;
    std::optional<Time> zero_keys_at_;
    unsigned attempts_ = 0;
    Duration new_handshake_jitter_{};
    std::chrono::seconds persistent_keepalive_{0};
    Time persistent_from_{};  // when one was last ordered, whether or not it could be sent
};

}  // namespace weft::wg
