// SPDX-License-Identifier: Apache-2.0
// The protocol core of one interface: all tunnels, the index table, the allowed prefixes and the
// door that strangers knock on. Pure: bytes, a time and a random source in, Actions out. One caller
// at a time (the engine's mutex); only IndexTable::find, Session and Peer are for the workers.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <weft/base/random.hpp>
#include <weft/net/drop_reason.hpp>
#include <weft/wg/actions.hpp>
#include <weft/wg/answered_sources.hpp>
#include <weft/wg/cookie.hpp>
#include <weft/wg/index_table.hpp>
#include <weft/wg/rate_limiter.hpp>
#include <weft/wg/routes.hpp>
#include <weft/wg/tunnel.hpp>

namespace weft::wg {

class Device {
  public:
    /// `workers` in 1..kWorkersMax: peers are dealt to them in turn. `random` outlives the device.
    Device(RandomSource& random, unsigned workers);
    ~Device();

    // ---- Configuration -----------------------------------------------------------------------
    /// Clamps the key; a peer that has the new public key is removed.
    void set_private_key(const crypto::PrivateKey& key, Actions& actions);
    [[nodiscard]] const Identity& identity() const { return identity_; }
    /// The tunnel of this key, made if need be; null for our own key or when kPeersMax is reached.
    [[nodiscard]] Tunnel* ensure_peer(const crypto::PublicKey& key);
    [[nodiscard]] Tunnel* find_peer(const crypto::PublicKey& key);
    /// False if there is no such peer.
    bool remove_peer(const crypto::PublicKey& key, Actions& actions);
    void add_allowed_ip(Tunnel& tunnel, const net::Prefix& prefix, Actions& actions);
    void remove_allowed_ip(Tunnel& tunnel, const net::Prefix& prefix, Actions& actions);
    void clear_allowed_ips(Tunnel& tunnel, Actions& actions);
    [[nodiscard]] const AllowedIps& routes() const { return routes_; }
    /// What the initiations' timestamps must keep to, and how far they are.
    [[nodiscard]] TimestampSource& timestamps() { return timestamps_; }
    /// In key order.
    [[nodiscard]] const std::map<crypto::PublicKey, std::unique_ptr<Tunnel>>& tunnels() const {
        return tunnels_;
    }

    // ---- Events ------------------------------------------------------------------------------
    /// A datagram that is not data. `queue_depth`: handshakes waiting behind it, which is what
    /// "under load" is measured by.
    [[nodiscard]] net::DropReason on_datagram(ConstBytes datagram,
                                              const net::Path& from,
                                              std::size_t queue_depth,
                                              Now now,
                                              Actions& actions);
    /// A worker's requests (Peer::request), already taken.
    void on_requests(Peer& peer, std::uint32_t requests, Now now, Actions& actions);
    /// Runs every timer that is due; cheap while none is.
    void on_timers(Now now, Actions& actions);
    /// When on_timers is due next; at most kTimerPollInterval after it last ran.
    [[nodiscard]] Time next_deadline() const { return next_due_; }
    /// Looks at every tunnel's timers again; after a change to a Tunnel.
    void reschedule(Time now);
    /// After a change by the configuration: that, and those whose initiation came before they were
    /// peers are called; they would try again in 5 s only.
    void settle(Now now, Actions& actions);

    [[nodiscard]] const IndexTable& indices() const { return indices_; }

  private:
    static constexpr std::size_t kEarlyMax = 8;  // machines that join at the same moment

    [[nodiscard]] bool under_load(std::size_t queue_depth, Time now);
    /// MAC1, and under load MAC2 and the rate limit: whether a handshake is worth a DH.
    [[nodiscard]] net::DropReason admit(ConstBytes message,
                                        const net::Path& from,
                                        std::size_t queue_depth,
                                        Now now,
                                        Actions& actions);
    /// Under load: whether a message without a valid mac2 is answered with a cookie.
    [[nodiscard]] bool owes_cookie(ConstBytes message, const net::Endpoint& source, Time now);
    void give_cookie(ConstBytes message, const net::Path& from, Time now, Actions& actions);
    [[nodiscard]] net::DropReason on_initiation(std::span<const std::byte, kInitiationSize> message,
                                                const net::Path& from,
                                                Now now,
                                                Actions& actions);

    RandomSource& random_;
    unsigned workers_;
    unsigned next_worker_ = 0;
    Identity identity_;
    IndexTable indices_;
    TimestampSource timestamps_;
    CookieChecker checker_;
    AnsweredSources answered_;
    std::vector<net::Endpoint> known_places_;  // where peers are, in order; kept while under load
    std::optional<Time> known_at_;
    RateLimiter limiter_;
    AllowedIps routes_;
    std::map<crypto::PublicKey, std::unique_ptr<Tunnel>> tunnels_;
    std::array<crypto::PublicKey, kEarlyMax> early_{};  // strangers that called lately
    std::size_t next_early_ = 0;
    std::optional<Time> loaded_until_;
    Time next_due_{};  // no tunnel's timer is due before
};

}  // namespace weft::wg
