// SPDX-License-Identifier: Apache-2.0
// Endpoints of the configuration that no peer has: where this node says that it is, and where
// members may be. Addresses are what they are; names are asked for each minute, for as long as they
// are configured, and what they were keeps its place while the name servers are silent. Pure;
// Resolver asks.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weft/base/clock.hpp>

#include "resolver.hpp"

namespace weft::control {

class OwnNames {
  public:
    static constexpr std::chrono::seconds kAskEvery{60};
    static constexpr std::chrono::seconds kRetryAfter{10};  // while a name has never resolved

    /// These and no others; of those that stay what is known stays.
    void set(std::span<const config::HostPort> hosts);

    /// Questions due at `now`, of no peer; they count as asked.
    [[nodiscard]] std::vector<Resolver::Question> due(Time now);
    /// What due() gave could not be asked: it is due again at once.
    void not_asked();
    /// Whether endpoints() changes by it.
    [[nodiscard]] bool on_answer(const Resolver::Answer& answer, Time now);

    /// In the order of `hosts`, each once.
    [[nodiscard]] std::vector<net::Endpoint> endpoints(
        std::span<const config::HostPort> hosts) const;
    /// Of names whose last answer was none: why not.
    [[nodiscard]] std::map<std::string, std::string> failures() const;

  private:
    struct Entry {
        config::HostPort host;
        std::vector<net::Endpoint> endpoints;
        std::optional<Time> ask_at;  // nothing: at once
        std::string failure;         // empty: none
    };
    std::map<std::string, Entry> entries_;  // names alone, by "host:port"
};

}  // namespace weft::control
