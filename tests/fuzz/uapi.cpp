// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any text as a request of WireGuard's configuration protocol. Requests end where the
// protocol says, errors are of the three kinds it has, and what was understood can be printed as a
// request that says the same.
#include <cerrno>
#include <string>

#include <weft/base/encoding.hpp>

#include "fuzz.hpp"
#include "uapi_text.hpp"

namespace {

using weft::control::DeviceEdit;
using weft::control::PeerEdit;

std::uint32_t zone_of(const std::string& name) {
    return name == "eth0" ? 2 : 0;
}

std::string key_line(const char* name, weft::ConstBytes key) {
    return std::string{name} + "=" + weft::to_hex(key) + "\n";
}

std::string print_peer(const PeerEdit& peer) {
    std::string out = key_line("public_key", peer.public_key);
    out += peer.remove ? "remove=true\n" : "";
    out += peer.update_only ? "update_only=true\n" : "";
    if (peer.preshared_key) {
        out += key_line("preshared_key", peer.preshared_key->bytes());
    }
    if (peer.endpoint) {
        out += "endpoint=" + peer.endpoint->to_string() + "\n";
    }
    if (peer.keepalive) {
        out += "persistent_keepalive_interval=" + std::to_string(peer.keepalive->count()) + "\n";
    }
    out += peer.replace_allowed_ips ? "replace_allowed_ips=true\n" : "";
    for (const auto& edit : peer.allowed_ips) {
        out +=
            std::string{"allowed_ip="} + (edit.remove ? "-" : "") + edit.prefix.to_string() + "\n";
    }
    return out;
}

/// The edit as a request in the protocol's own words.
std::string print_edit(const DeviceEdit& edit) {
    std::string out = "set=1\n";
    if (edit.private_key) {
        out += key_line("private_key", edit.private_key->bytes());
    }
    if (edit.listen_port) {
        out += "listen_port=" + std::to_string(*edit.listen_port) + "\n";
    }
    if (edit.fwmark) {
        out += "fwmark=" + std::to_string(*edit.fwmark) + "\n";
    }
    out += edit.replace_peers ? "replace_peers=true\n" : "";
    for (const PeerEdit& peer : edit.peers) {
        out += print_peer(peer);
    }
    return out + "\n";
}

void check_framing(std::string_view text) {
    const std::size_t end = weft::server::find_uapi_request(text, 0);
    WEFT_FUZZ_CHECK(end <= text.size());
    // Byte by byte, as a slow client sends it, the same end is found.
    std::size_t found = 0;
    for (std::size_t have = 1; have <= text.size() && found == 0; ++have) {
        found = weft::server::find_uapi_request(text.substr(0, have), have - 1);
    }
    WEFT_FUZZ_CHECK(found == end);
}

void check_values(const DeviceEdit& edit) {
    for (const PeerEdit& peer : edit.peers) {
        WEFT_FUZZ_CHECK(!peer.endpoint || peer.endpoint->valid());
        WEFT_FUZZ_CHECK(!peer.keepalive || peer.keepalive->count() <= 65535);
        for (const auto& allowed : peer.allowed_ips) {
            WEFT_FUZZ_CHECK(allowed.prefix == allowed.prefix.masked());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text = std::string{weft::fuzz::Input{data, size}.text()};
    check_framing(text);
    const auto request = weft::server::parse_uapi_request(text, zone_of);
    if (!request) {
        const int code = request.error().code.value();
        WEFT_FUZZ_CHECK(code == EINVAL || code == EPROTONOSUPPORT || code == ENODEV);
        return 0;
    }
    WEFT_FUZZ_CHECK(text.ends_with("\n\n"));
    if (const auto* edit = std::get_if<DeviceEdit>(&*request)) {
        check_values(*edit);
        const std::string printed = print_edit(*edit);
        const auto again = weft::server::parse_uapi_request(printed, zone_of);
        WEFT_FUZZ_CHECK(again && print_edit(std::get<DeviceEdit>(*again)) == printed);
    }
    return 0;
}
