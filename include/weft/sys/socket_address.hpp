// SPDX-License-Identifier: Apache-2.0
// An endpoint as socket calls want it. On the packet's way, one for each train.
#pragma once

#include <array>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

#include <weft/net/address.hpp>

namespace weft::sys {

/// A socket address of either family as bytes; no object of another type is read through them.
struct SocketAddress {
    alignas(sockaddr_in6) std::array<std::byte, sizeof(sockaddr_in6)> bytes;
    socklen_t size = 0;

    /// For connect(2) and bind(2).
    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(bytes.data());
    }
};

[[nodiscard]] inline SocketAddress to_socket_address(const net::Endpoint& endpoint) {
    SocketAddress out;
    if (endpoint.address.is_v4()) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        std::memcpy(&address.sin_addr, endpoint.address.bytes().data(), sizeof address.sin_addr);
        std::memcpy(out.bytes.data(), &address, sizeof address);
        out.size = sizeof address;
    } else {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(endpoint.port);
        address.sin6_scope_id = endpoint.scope_id;
        std::memcpy(&address.sin6_addr, endpoint.address.bytes().data(), sizeof address.sin6_addr);
        std::memcpy(out.bytes.data(), &address, sizeof address);
        out.size = sizeof address;
    }
    return out;
}

}  // namespace weft::sys
