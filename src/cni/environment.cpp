// SPDX-License-Identifier: Apache-2.0
// See environment.hpp. Pure but for from_process().
#include "environment.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <weft/base/utf8.hpp>
#include <weft/ipam/ledger.hpp>

namespace weft::cni {
namespace {

constexpr std::size_t kShownMax = 64;
constexpr std::size_t kInterfaceMax = 15;  // IFNAMSIZ - 1

std::string shown(std::string_view text) {
    return "'" + utf8_excerpt(text, kShownMax) + "'";
}

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string variable(const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
    return value == nullptr ? std::string{} : std::string{value};
}

Failure bad_environment(std::string cause, std::string remedy = {}) {
    return {Code::kBadEnvironment, std::move(cause), std::move(remedy)};
}

/// The part of `rest` up to `separator`, which is taken off with it.
std::string_view take_until(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

Outcome<> take_addresses(Wishes& wishes, std::string_view value) {
    while (!value.empty()) {
        const Outcome<net::IpAddress> address = parse_wished_address(take_until(value, ','));
        if (!address) {
            return address.error();
        }
        wishes.addresses.push_back(*address);
    }
    return {};
}

}  // namespace

Environment Environment::from_process() {
    return {variable("CNI_COMMAND"),
            variable("CNI_CONTAINERID"),
            variable("CNI_NETNS"),
            variable("CNI_IFNAME"),
            variable("CNI_ARGS")};
}

bool is_identifier(std::string_view text) {
    return !text.empty() && text.size() <= ipam::kTextMax && is_alphanumeric(text.front()) &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
           });
}

bool is_interface_name(std::string_view text) {
    return !text.empty() && text.size() <= kInterfaceMax && text != "." && text != ".." &&
           std::none_of(text.begin(), text.end(), [](unsigned char c) {
               return c == '/' || c == ':' || c <= ' ' || c == 0x7F;
           });
}

Outcome<> check_environment(const Environment& environment, bool needs_netns) {
    if (!is_identifier(environment.container)) {
        return bad_environment("CNI_CONTAINERID is no container id: " +
                               shown(environment.container));
    }
    if (!is_interface_name(environment.interface)) {
        return bad_environment("CNI_IFNAME is no interface's name: " +
                               shown(environment.interface));
    }
    if (needs_netns && environment.netns.empty()) {
        return bad_environment("CNI_NETNS is missing",
                               "it is the path of the container's network namespace");
    }
    return {};
}

Outcome<net::IpAddress> parse_wished_address(std::string_view text) {
    const auto prefix = net::Prefix::parse(text);
    if (!prefix) {
        return bad_environment("no IP address: " + shown(text));
    }
    return prefix->address;
}

Outcome<netlink::MacAddress> parse_mac(std::string_view text) {
    constexpr std::size_t kLength = 17;
    netlink::MacAddress mac{};
    bool good = text.size() == kLength;
    for (std::size_t i = 0; good && i < mac.size(); ++i) {
        const int high = hex_value(text[3 * i]);
        const int low = hex_value(text[3 * i + 1]);
        good = high >= 0 && low >= 0 && (i + 1 == mac.size() || text[3 * i + 2] == ':');
        mac[i] = static_cast<std::byte>(high * 16 + low);
    }
    if (!good || (std::to_integer<unsigned>(mac[0]) & 1U) != 0 || mac == netlink::MacAddress{}) {
        return bad_environment("no MAC address that an interface can have: " + shown(text));
    }
    return mac;
}

std::string mac_text(const netlink::MacAddress& mac) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : mac) {
        const auto value = std::to_integer<unsigned>(byte);
        text += text.empty() ? "" : ":";
        text += kDigits[value >> 4U];
        text += kDigits[value & 0xFU];
    }
    return text;
}

Outcome<Wishes> parse_args(std::string_view args) {
    Wishes wishes;
    bool ignores_unknown = false;
    std::string unknown;
    while (!args.empty()) {
        std::string_view value = take_until(args, ';');
        const std::string_view key = take_until(value, '=');
        if (key == "IP") {
            if (Outcome<> taken = take_addresses(wishes, value); !taken) {
                return taken.error();
            }
        } else if (key == "MAC") {
            const Outcome<netlink::MacAddress> mac = parse_mac(value);
            if (!mac) {
                return mac.error();
            }
            wishes.mac = *mac;
        } else if (key == "IgnoreUnknown") {
            ignores_unknown = value == "1" || value == "true" || value == "TRUE" || value == "True";
        } else if (!key.empty() && unknown.empty()) {
            unknown = shown(key);
        }
    }
    if (!unknown.empty() && !ignores_unknown) {
        return bad_environment("CNI_ARGS has the key " + unknown + ", which weft-cni does not know",
                               "known are IP and MAC; IgnoreUnknown=1 lets the others pass");
    }
    return wishes;
}

}  // namespace weft::cni
