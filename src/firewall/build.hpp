// SPDX-License-Identifier: Apache-2.0
// Tables, chains, sets and rules as values: what a ruleset comes to, before it is bytes. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <weft/firewall/interval.hpp>
#include <weft/firewall/ruleset.hpp>

namespace weft::firewall {

inline constexpr const char* kTable = "weft";

/// NFPROTO_INET and NFPROTO_ARP (linux/netfilter.h).
enum class TableFamily : std::uint8_t { kInet = 1, kArp = 3 };

/// Anybody's chain.
struct ChainName {
    std::uint16_t family = 0;  // NFPROTO_…
    std::string table;
    std::string chain;

    friend auto operator<=>(const ChainName&, const ChainName&) = default;
};

enum class Direction : std::uint8_t { kIn, kOut };
enum class End : std::uint8_t { kSource, kDestination };

struct OnInterface {
    Direction direction;
    std::string name;
    bool any_suffix = false;  // "name*"
    bool negated = false;
};
struct AddressIn {
    net::Family family;
    End end;
    std::string set;
    bool negated = false;
};
struct ArpTargetIn {
    std::string set;
};
struct UdpTo {
    std::uint16_t port;
};
struct UdpFrom {
    std::uint16_t port;
};
struct ToThisMachine {};
struct TcpSyn {};
/// Of a connection that was let begin, or what belongs to one.
struct Established {};
/// The way back to the source is not by the interface that the packet came in by.
struct SpoofedSource {};
using Match = std::variant<OnInterface,
                           AddressIn,
                           ArpTargetIn,
                           UdpTo,
                           UdpFrom,
                           ToThisMachine,
                           TcpSyn,
                           Established,
                           SpoofedSource>;

enum class Action : std::uint8_t {
    kDrop,
    kAccept,
    kReturn,
    kGoto,
    kMasquerade,
    kClampMss,
    kNotrack
};

struct Rule {
    std::vector<Match> matches;
    Action action = Action::kDrop;
    std::string comment;      // of a drop "REASON: text"
    std::string target = {};  // of kGoto
};

/// A place in the packet's way (linux/netfilter.h NF_INET_…, NF_ARP_…) and the order there.
struct Hook {
    std::uint32_t number;
    std::int32_t priority;
    const char* type;
};
struct Chain {
    std::string name;
    std::optional<Hook> hook;
    std::vector<Rule> rules;
};
struct Set {
    std::string name;
    net::Family family;
    std::vector<Interval> elements;
    std::string comment;
};
struct Table {
    TableFamily family;
    std::vector<Set> sets;
    std::vector<Chain> chains;  // those without a hook first
};

/// The whole of both tables; of an empty ruleset none.
[[nodiscard]] std::vector<Table> build(const Ruleset& ruleset);

/// The sets that a change of `allowed` changes.
[[nodiscard]] std::vector<Set> build_allowed(const Ruleset& ruleset);

}  // namespace weft::firewall
