// SPDX-License-Identifier: Apache-2.0
// Looks at each peer once a second and tells who has come, gone, or does not answer. Pure. A peer
// with neither traffic nor session is nothing to report. Control thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include <weft/base/clock.hpp>
#include <weft/control/device_edit.hpp>

namespace weft::control {

/// What the watch needs to know of a peer; cheap to take.
struct PeerSample {
    KeyBytes public_key{};
    std::optional<net::Endpoint> endpoint;
    std::optional<WallTime> last_handshake;
    bool session_live = false;
    bool handshake_pending = false;
    std::uint64_t tx_bytes = 0;
    std::uint64_t rx_packets = 0;
    std::uint64_t rx_missing = 0;  // modulo 2^64 (wg::PeerCounters)
};

enum class PeerChange : std::uint8_t { kSessionUp, kSessionDown, kSilent };

class PeerWatch {
  public:
    static constexpr std::chrono::seconds kSilentAfter{15};
    /// Attempts pause between a give-up and the next packet; that is no recovery.
    static constexpr std::chrono::seconds kForgetAfter{30};

    struct Event {
        KeyBytes public_key{};
        PeerChange change = PeerChange::kSessionUp;
    };
    /// All peers there are; the others are forgotten.
    [[nodiscard]] std::vector<Event> observe(const std::vector<PeerSample>& samples, Time now);
    /// Handshakes with it have gone unanswered for kSilentAfter.
    [[nodiscard]] bool silent(const KeyBytes& peer) const;
    [[nodiscard]] std::set<KeyBytes> live() const;

  private:
    struct State {
        bool live = false;
        bool silent = false;
        std::optional<Time> attempting_since;
        Time last_attempt;
        std::optional<WallTime> handshake_before;  // when attempting began
    };
    void observe_attempts(State& state, const PeerSample& sample, Time now);

    std::map<KeyBytes, State> states_;
};

}  // namespace weft::control
