// SPDX-License-Identifier: Apache-2.0
// An IPv4 endpoint as the socket calls of the bench tools want it.
#pragma once

#include <netinet/in.h>

#include <weft/base/bytes.hpp>
#include <weft/net/address.hpp>

inline sockaddr_in place_of(const weft::net::IpAddress& address, std::uint16_t port) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    weft::copy_bytes(address.bytes(), std::as_writable_bytes(std::span{&place.sin_addr, 1}));
    return place;
}
