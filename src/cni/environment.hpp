// SPDX-License-Identifier: Apache-2.0
// A call's parameters: CNI_* of the environment and what CNI_ARGS holds (CNI specification 1.1.0,
// section 2, "Parameters"; CONVENTIONS.md, "CNI_ARGS"). Checked before anything is done.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/net/address.hpp>
#include <weft/netlink/rtnetlink.hpp>

#include "failure.hpp"

namespace weft::cni {

struct Environment {
    std::string command;
    std::string container;
    std::string netns;  // a path; may be empty for DEL
    std::string interface;
    std::string args;

    static Environment from_process();
};

/// Wishes for an attachment; what is not wished is chosen.
struct Wishes {
    std::vector<net::IpAddress> addresses;
    std::optional<netlink::MacAddress> mac;
};

/// ^[a-zA-Z0-9][a-zA-Z0-9_.-]*$, of at most ipam::kTextMax bytes: container ids, network names.
[[nodiscard]] bool is_identifier(std::string_view text);
/// As the kernel takes them.
[[nodiscard]] bool is_interface_name(std::string_view text);

/// Container and interface, of ADD, DEL and CHECK; `needs_netns` for all but DEL.
[[nodiscard]] Outcome<> check_environment(const Environment& environment, bool needs_netns);

/// "IP=10.44.0.7;MAC=02:00:00:00:00:07;K8S_POD_NAME=x;IgnoreUnknown=1". Keys that are not known are
/// errors unless IgnoreUnknown says otherwise.
[[nodiscard]] Outcome<Wishes> parse_args(std::string_view args);

/// An address, or one with a prefix length that is not looked at ("10.44.0.7/24").
[[nodiscard]] Outcome<net::IpAddress> parse_wished_address(std::string_view text);
/// Six bytes in hex with colons; unicast.
[[nodiscard]] Outcome<netlink::MacAddress> parse_mac(std::string_view text);
[[nodiscard]] std::string mac_text(const netlink::MacAddress& mac);

}  // namespace weft::cni
