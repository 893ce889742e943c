// SPDX-License-Identifier: Apache-2.0
// Whether other people's rules will drop what is weft's. An accept of ours opens nothing that a
// later chain drops, so all that helps is to name the chain and the rule. Rules are walked as the
// kernel would for a first packet (connection state new); where a match cannot be told, it is taken
// not to match. Control thread; blocking.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/net/address.hpp>

namespace weft::firewall {

enum class Path : std::uint8_t { kInput, kForward, kOutput };

/// A packet to ask about.
struct Probe {
    Path path = Path::kForward;
    std::string in;  // interfaces; "" where the path has none
    std::string out;
    net::IpAddress source;
    net::IpAddress destination;
    std::uint8_t protocol = 0;  // IPPROTO_UDP or IPPROTO_TCP
    std::uint16_t destination_port = 0;

    /// Weft's own on the way out; else one that nobody has written a rule about.
    [[nodiscard]] std::uint16_t source_port() const {
        constexpr std::uint16_t kNobodys = 49'876;
        return path == Path::kOutput ? destination_port : kNobodys;
    }
};

struct ForeignDrop {
    std::string chain;    // "ip filter FORWARD"
    std::string what;     // "its policy is drop", "rule 12 drops (comment …)"
    std::string remedy;   // a command
    bool certain = true;  // false: a rule before it may let it pass after all
};

/// The first drop in each base chain, other than weft's own, that the packet would pass: nftables'
/// and, where it is in use, iptables-legacy's.
[[nodiscard]] Result<std::vector<ForeignDrop>> foreign_drops(const Probe& probe);

/// What may be in use and cannot be read: iptables-legacy's rules, by who is not root.
[[nodiscard]] std::optional<Error> unread_rules();

}  // namespace weft::firewall
