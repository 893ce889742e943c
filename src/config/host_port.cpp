// SPDX-License-Identifier: Apache-2.0
// Endpoints as a person writes them. Names are checked for shape only (RFC 1123, and '_' as many
// networks use it); control resolves them. Pure; any thread.
#include "host_port.hpp"

#include <algorithm>

#include <weft/base/number.hpp>
#include <weft/net/address.hpp>

namespace weft::config {
namespace {

constexpr std::size_t kHostMax = 253;  // RFC 1035
constexpr std::size_t kZoneMax = 15;   // IFNAMSIZ - 1

bool is_label_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > kHostMax || host.front() == '.' || host.front() == '-') {
        return false;
    }
    const bool numeric = std::all_of(
        host.begin(), host.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
    const bool plain =
        std::all_of(host.begin(), host.end(), [](char c) { return is_label_char(c) || c == '.'; });
    return plain && !numeric && host.find("..") == std::string_view::npos;
}

bool is_reachable(const net::IpAddress& address) {
    return !address.is_unspecified() && !address.is_multicast();
}

bool is_bracketed_host(std::string_view host) {
    const std::size_t percent = host.find('%');
    const auto address = net::IpAddress::parse(host.substr(0, percent));
    if (!address || address->is_v4() || !is_reachable(*address)) {
        return false;
    }
    if (percent == std::string_view::npos) {
        return true;
    }
    const std::string_view zone = host.substr(percent + 1);
    return !zone.empty() && zone.size() <= kZoneMax &&
           std::all_of(
               zone.begin(), zone.end(), [](char c) { return is_label_char(c) || c == '.'; });
}

}  // namespace

std::optional<HostPort> parse_host_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
    std::string_view host = text.substr(0, colon);
    if (!port || *port == 0 || host.empty()) {
        return std::nullopt;
    }
    if (host.front() == '[') {
        if (host.size() < 2 || host.back() != ']') {
            return std::nullopt;
        }
        host = host.substr(1, host.size() - 2);
        return is_bracketed_host(host) ? std::optional{HostPort{std::string{host}, *port}}
                                       : std::nullopt;
    }
    const auto address = net::IpAddress::parse(host);
    const bool good = address ? address->is_v4() && is_reachable(*address) : is_host_name(host);
    return good ? std::optional{HostPort{std::string{host}, *port}} : std::nullopt;
}

std::string HostPort::to_string() const {
    const bool bracket = host.find(':') != std::string::npos;
    return (bracket ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace weft::config
