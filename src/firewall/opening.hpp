// SPDX-License-Identifier: Apache-2.0
// The rule that lets a packet of weft's pass in somebody else's base chain, when it is the first
// there: as a value, and as nft(8) takes it. Pure.
#pragma once

#include <string>

#include <weft/firewall/foreign.hpp>

#include "build.hpp"

namespace weft::firewall {

/// By it our rules are told from others', whoever made them and when.
inline constexpr const char* kOpeningComment = "weft: firewall.open_others";

struct Opening {
    Rule rule;
    std::string text;  // "udp dport 51840 accept"
};

[[nodiscard]] Opening opening_for(const Probe& probe);

}  // namespace weft::firewall
