// SPDX-License-Identifier: Apache-2.0
// See uapi_text.hpp. Keys and values as in wireguard-go's device/uapi.go, which wg(8) is written
// against. Control thread.
#include "uapi_text.hpp"

#include <utility>

#include <sodium.h>

#include <weft/base/encoding.hpp>
#include <weft/base/number.hpp>

namespace weft::server {
namespace {

using control::DeviceEdit;
using control::PeerEdit;

/// What is wrong is told without the value, which may be a key.
constexpr std::size_t kKeyNameMax = 32;

Error bad(std::string_view key) {
    return invalid("bad value of " + std::string{key.substr(0, 40)});
}

/// Names the key only if it looks like one: a client that sent a bare secret must not find it
/// logged.
Error unknown_key(std::string_view key) {
    const bool is_name =
        key.size() <= kKeyNameMax &&
        key.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
    return invalid(is_name ? "unknown key " + std::string{key} : "unknown key");
}

std::optional<Secret<32>> parse_secret(std::string_view text) {
    Secret<32> secret;
    return from_hex(text, secret.mutable_bytes()) ? std::optional{std::move(secret)} : std::nullopt;
}

/// "192.0.2.1:51820" or "[fe80::1%eth0]:51820".
Result<net::Endpoint> parse_endpoint(std::string_view text, const ZoneLookup& lookup) {
    std::string plain{text};
    std::uint32_t scope = 0;
    const std::size_t percent = plain.find('%');
    if (percent != std::string::npos) {
        const std::size_t close = plain.find(']', percent);
        if (close == std::string::npos) {
            return bad("endpoint");
        }
        const std::string zone = plain.substr(percent + 1, close - percent - 1);
        const auto number = parse_number<std::uint32_t>(zone);
        scope = number ? *number : lookup(zone);
        if (scope == 0) {
            return Error{std::make_error_code(std::errc::no_such_device),
                         "no interface of the endpoint's zone",
                         {}};
        }
        plain.erase(percent, close - percent);
    }
    std::optional<net::Endpoint> endpoint = net::Endpoint::parse(plain);
    if (!endpoint || !endpoint->valid() || (scope != 0 && endpoint->address.is_v4())) {
        return bad("endpoint");
    }
    endpoint->scope_id = scope;
    return *endpoint;
}

Result<> set_peer_field(PeerEdit& peer,
                        std::string_view key,
                        std::string_view value,
                        const ZoneLookup& zone) {
    if (key == "preshared_key") {
        peer.preshared_key = parse_secret(value);
        return peer.preshared_key ? Result<>{} : bad(key);
    }
    if (key == "endpoint") {
        const Result<net::Endpoint> endpoint = parse_endpoint(value, zone);
        if (!endpoint) {
            return endpoint.error();
        }
        peer.endpoint = *endpoint;
        return {};
    }
    if (key == "persistent_keepalive_interval") {
        const auto seconds = parse_number<std::uint16_t>(value);
        peer.keepalive = std::chrono::seconds{seconds.value_or(0)};
        return seconds ? Result<>{} : bad(key);
    }
    if (key == "allowed_ip") {
        const bool remove = !value.empty() && value.front() == '-';
        const auto prefix = net::Prefix::parse(value.substr(remove ? 1 : 0));
        if (!prefix) {
            return bad(key);
        }
        peer.allowed_ips.push_back({prefix->masked(), remove});
        return {};
    }
    if (key == "protocol_version") {
        return value == "1" ? Result<>{}
                            : Error{std::make_error_code(std::errc::protocol_not_supported),
                                    "unknown protocol_version",
                                    {}};
    }
    bool PeerEdit::*flag = nullptr;
    if (key == "remove") {
        flag = &PeerEdit::remove;
    } else if (key == "update_only") {
        flag = &PeerEdit::update_only;
    } else if (key == "replace_allowed_ips") {
        flag = &PeerEdit::replace_allowed_ips;
    }
    if (flag == nullptr || value != "true") {
        return flag == nullptr ? unknown_key(key) : bad(key);
    }
    peer.*flag = true;
    return {};
}

Result<> set_device_field(DeviceEdit& device, std::string_view key, std::string_view value) {
    if (key == "private_key") {
        device.private_key = parse_secret(value);
        return device.private_key ? Result<>{} : bad(key);
    }
    if (key == "listen_port") {
        device.listen_port = parse_number<std::uint16_t>(value);
        return device.listen_port ? Result<>{} : bad(key);
    }
    if (key == "fwmark") {
        device.fwmark = value.empty() ? std::optional{0U} : parse_number<std::uint32_t>(value);
        return device.fwmark ? Result<>{} : bad(key);
    }
    if (key == "replace_peers") {
        device.replace_peers = value == "true";
        return device.replace_peers ? Result<>{} : bad(key);
    }
    return unknown_key(key);
}

Result<DeviceEdit> parse_set(std::string_view lines, const ZoneLookup& zone) {
    DeviceEdit device;
    while (!lines.empty()) {
        const std::size_t end = lines.find('\n');
        const std::string_view line = lines.substr(0, end);
        if (end == std::string_view::npos || line.size() > kUapiLineMax) {
            return invalid("a line without end, or too long");
        }
        lines.remove_prefix(end + 1);
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) {
            return invalid("a line without =");
        }
        const std::string_view key = line.substr(0, equals);
        const std::string_view value = line.substr(equals + 1);
        if (key == "public_key") {
            PeerEdit& peer = device.peers.emplace_back();
            if (!from_hex(value, peer.public_key)) {
                return bad(key);
            }
            continue;
        }
        Result<> set = device.peers.empty() ? set_device_field(device, key, value)
                                            : set_peer_field(device.peers.back(), key, value, zone);
        if (!set) {
            return set.error();
        }
    }
    return device;
}

void append_hex(std::string& out, std::string_view key, ConstBytes bytes) {
    std::string hex = to_hex(bytes);
    out += key;
    out += '=';
    out += hex;
    out += '\n';
    sodium_memzero(hex.data(), hex.size());
}

void append_number(std::string& out, std::string_view key, std::uint64_t number) {
    out += key;
    out += '=';
    out += std::to_string(number);
    out += '\n';
}

void append_peer(std::string& out, const control::PeerView& peer) {
    append_hex(out, "public_key", peer.public_key);
    append_hex(out, "preshared_key", peer.preshared_key.bytes());
    out += "protocol_version=1\n";
    if (peer.endpoint) {
        out += "endpoint=" + peer.endpoint->to_string() + '\n';
    }
    const Duration handshake =
        peer.last_handshake ? peer.last_handshake->time_since_epoch() : Duration{0};
    const auto seconds = std::chrono::floor<std::chrono::seconds>(handshake);
    append_number(out, "last_handshake_time_sec", static_cast<std::uint64_t>(seconds.count()));
    append_number(
        out, "last_handshake_time_nsec", static_cast<std::uint64_t>((handshake - seconds).count()));
    append_number(out, "tx_bytes", peer.tx_bytes);
    append_number(out, "rx_bytes", peer.rx_bytes);
    append_number(
        out, "persistent_keepalive_interval", static_cast<std::uint64_t>(peer.keepalive.count()));
    for (const net::Prefix& prefix : peer.allowed_ips) {
        out +=
            "allowed_ip=" + prefix.address.to_string() + '/' + std::to_string(prefix.length) + '\n';
    }
}

}  // namespace

std::size_t find_uapi_request(std::string_view text, std::size_t searched) {
    if (text.starts_with('\n')) {
        return 1;
    }
    const std::size_t end = text.find("\n\n", searched > 0 ? searched - 1 : 0);
    return end == std::string_view::npos ? 0 : end + 2;
}

Result<UapiRequest> parse_uapi_request(std::string_view text, const ZoneLookup& zone) {
    constexpr std::string_view kGet = "get=1\n";
    constexpr std::string_view kSet = "set=1\n";
    if (text.size() > kUapiRequestMax || !text.ends_with("\n\n")) {
        return invalid("not a request");
    }
    text.remove_suffix(1);
    if (text == kGet) {
        return UapiRequest{UapiGet{}};
    }
    if (!text.starts_with(kSet)) {
        return invalid("neither get=1 nor set=1");
    }
    Result<DeviceEdit> device = parse_set(text.substr(kSet.size()), zone);
    if (!device) {
        return device.error();
    }
    return UapiRequest{std::move(*device)};
}

std::string print_uapi_device(const control::DeviceView& device) {
    constexpr std::size_t kPeerEstimate = 512;
    constexpr std::size_t kPrefixEstimate = 64;
    std::size_t estimate = kPeerEstimate;
    for (const control::PeerView& peer : device.peers) {
        estimate += kPeerEstimate + peer.allowed_ips.size() * kPrefixEstimate;
    }
    std::string out;
    out.reserve(estimate);  // never moved, so that no copy of a key is left behind
    if (!device.private_key.is_zero()) {
        append_hex(out, "private_key", device.private_key.bytes());
    }
    if (device.listen_port != 0) {
        append_number(out, "listen_port", device.listen_port);
    }
    if (device.fwmark != 0) {
        append_number(out, "fwmark", device.fwmark);
    }
    for (const control::PeerView& peer : device.peers) {
        append_peer(out, peer);
    }
    out += print_uapi_errno(0);
    return out;
}

std::string print_uapi_errno(int error) {
    return "errno=" + std::to_string(-error) + "\n\n";
}

}  // namespace weft::server
