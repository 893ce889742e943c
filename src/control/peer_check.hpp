// SPDX-License-Identifier: Apache-2.0
// weft check --peer: what both ends see of the way between them, as one table. A Measurement is
// one end's pings; the other's is in its Sight. Pure; control thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <weft/api/check.hpp>
#include <weft/api/sight.hpp>
#include <weft/base/clock.hpp>
#include <weft/gossip/messages.hpp>

namespace weft::control {

/// Pings at an interval to one address of a member, and their answers.
class Measurement {
  public:
    static constexpr std::uint32_t kPings = 20;
    static constexpr Duration kInterval = std::chrono::milliseconds{100};
    /// From its begin until nothing more is expected.
    static constexpr Duration kLasts = std::chrono::seconds{5};

    Measurement(const net::Endpoint& to, Time now) : to_(to), began_(now), next_(now) {}

    [[nodiscard]] const net::Endpoint& to() const { return to_; }
    [[nodiscard]] bool is_due(Time now) const { return sent_ < kPings && now >= next_; }
    [[nodiscard]] bool is_over(Time now) const { return now - began_ >= kLasts; }
    void on_sent(gossip::ProbeNumber number, Time now);
    /// `ahead_s`: how far the answer's clock is ahead of ours.
    void on_answer(gossip::ProbeNumber number, std::int64_t ahead_s, Time now);

    [[nodiscard]] std::uint32_t sent() const { return sent_; }
    [[nodiscard]] std::uint32_t answered() const { return answered_; }
    [[nodiscard]] std::optional<std::uint32_t> rtt_us() const { return rtt_us_; }  // the shortest
    [[nodiscard]] std::int64_t ahead_s() const { return ahead_s_; }

  private:
    net::Endpoint to_;
    Time began_;
    Time next_;
    std::map<gossip::ProbeNumber, Time> waiting_;
    std::uint32_t sent_ = 0;
    std::uint32_t answered_ = 0;
    std::optional<std::uint32_t> rtt_us_;
    std::int64_t ahead_s_ = 0;
};

/// What this end knows when the measuring is over.
struct PeerFindings {
    std::string name;         // the other's
    std::string endpoint;     // where it was asked; "": there is none
    bool understands = true;  // the question what it sees
    bool heard = false;       // anything of it, lately
    api::Sight here;
    std::int64_t clock_ahead_s = 0;  // the other's
    std::optional<api::Sight> there;
};
[[nodiscard]] std::vector<api::Check> peer_checks(const PeerFindings& findings);

}  // namespace weft::control
