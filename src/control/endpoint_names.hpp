// SPDX-License-Identifier: Apache-2.0
// Peers whose configured endpoint is a host name: when to ask for it, and which of the answers to
// use. Pure; Resolver asks, Node sets. A live session's endpoint is left alone, as the peer may
// have roamed, unless the configured name itself is new.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <weft/base/clock.hpp>

#include "resolver.hpp"

namespace weft::control {

class EndpointNames {
  public:
    static constexpr std::chrono::seconds kAskEvery{60};
    static constexpr std::chrono::seconds kRetryAfter{10};  // while a name has never resolved

    /// The peer's endpoint is this name from now on; the next answer is used in any case.
    void set(const KeyBytes& peer, const config::HostPort& host);
    void remove(const KeyBytes& peer) { entries_.erase(peer); }

    /// Questions due at `now` of peers that have no session in `live`; they count as asked.
    [[nodiscard]] std::vector<Resolver::Question> due(Time now, const std::set<KeyBytes>& live);

    /// What due() gave could not be asked: it is due again at once.
    void not_asked(const std::vector<Resolver::Question>& questions);

    /// The endpoint to set, if any: the first answer's, and then another only while handshakes with
    /// the current one are `failing`; of several each has its turn.
    [[nodiscard]] std::optional<net::Endpoint> on_answer(
        const Resolver::Answer& answer,
        const std::optional<net::Endpoint>& current,
        bool failing,
        Time now);

    struct Failure {
        config::HostPort host;
        std::string cause;
    };
    /// Of peers whose last answer was none.
    [[nodiscard]] std::map<KeyBytes, Failure> failures() const;

  private:
    struct Entry {
        config::HostPort host;
        bool must_set = true;
        bool resolved = false;       // ever
        std::optional<Time> ask_at;  // nothing: at once
        std::string failure;         // empty: none
    };
    std::map<KeyBytes, Entry> entries_;
};

}  // namespace weft::control
