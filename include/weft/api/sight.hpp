// SPDX-License-Identifier: Apache-2.0
// What one node sees of another and of itself, told to the other by gossip (gossip/messages.hpp,
// Sight): figures and words of a fixed alphabet, no sentences, for what is shown of them is on a
// terminal of somebody else's. At most gossip's kSightSizeMax bytes of JSON. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/base/result.hpp>

namespace weft::api {

struct Sight {
    std::string version;
    std::string isa;
    std::uint32_t interface_mtu = 0;
    std::uint32_t path_mtu = 0;  ///< to the other; 0: not looked for
    std::string session;         ///< as in status
    std::uint32_t sent = 0;      ///< pings to the other
    std::uint32_t answered = 0;
    std::optional<std::uint32_t> rtt_us;  ///< the shortest
    bool clock_trusted = true;
    std::uint32_t firewall_drops = 0;   ///< rules of others that drop weft's packets there
    std::vector<std::string> problems;  ///< codes, as in status; not those of severity "info"
};

/// Words that would not be read back, and problems beyond the first eight, are left out.
[[nodiscard]] std::string to_json(const Sight& sight);
/// Errors: not of this form, a word with other characters than letters, digits and ".-_+", or too
/// long.
[[nodiscard]] Result<Sight> parse_sight(std::string_view text);

}  // namespace weft::api
