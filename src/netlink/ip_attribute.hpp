// SPDX-License-Identifier: Apache-2.0
// IP addresses in rtnetlink attributes: 4 or 16 bytes in network order (rtnetlink(7)). Pure; shared
// by address.cpp and route.cpp.
#pragma once

#include <cstdint>
#include <optional>

#include <sys/socket.h>

#include <weft/net/address.hpp>

namespace weft::netlink {

inline std::uint8_t address_family(net::Family family) {
    return static_cast<std::uint8_t>(family == net::Family::kIpv4 ? AF_INET : AF_INET6);
}

/// Nothing where the family is another or the size does not fit it.
inline std::optional<net::IpAddress> read_address(std::uint8_t family, ConstBytes value) {
    if (family == AF_INET && value.size() == 4) {
        return net::IpAddress{value.first<4>()};
    }
    if (family == AF_INET6 && value.size() == 16) {
        return net::IpAddress{value.first<16>()};
    }
    return std::nullopt;
}

}  // namespace weft::netlink
