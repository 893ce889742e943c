// SPDX-License-Identifier: Apache-2.0
// What a capture of real traffic (tcpdump -w, Ethernet, IPv4 or IPv6 without extensions) tells an
// attacker: the messages that went to the victim, and the indices that the victim answers to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <weft/base/bytes.hpp>
#include <weft/net/address.hpp>

namespace weft::hurt {

struct Recording {
    std::vector<std::vector<std::byte>> messages;  // UDP payloads to the victim
    std::vector<std::uint32_t> indices;            // the victim's, of sessions and handshakes
};

/// Throws std::runtime_error when the file is no capture. Of any packet that is not to or from
/// `victim` nothing is kept.
[[nodiscard]] Recording read_recording(const std::filesystem::path& file,
                                       const net::Endpoint& victim);

}  // namespace weft::hurt
