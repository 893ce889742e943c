// SPDX-License-Identifier: Apache-2.0
// Addresses and endpoints as signed statements, gossip and journals carry them: u8 family, its 4 or
// 16 bytes, and of an endpoint its port, little-endian. Without a scope: that is of one machine.
#pragma once

#include <optional>

#include <weft/base/byte_reader.hpp>
#include <weft/base/byte_writer.hpp>
#include <weft/net/address.hpp>

namespace weft::net {

/// family, address, port
inline constexpr std::size_t kEndpointBytesMax = 1 + 16 + 2;

inline void append(ByteWriter& out, const IpAddress& address) {
    out.write(static_cast<std::uint8_t>(address.family()));
    out.append(address.bytes());
}
inline void append(ByteWriter& out, const Endpoint& endpoint) {
    append(out, endpoint.address);
    out.write(endpoint.port);
}

/// nullopt where the family is none: the caller says so. What is cut short fails the reader.
inline std::optional<IpAddress> read_address(ByteReader& reader) {
    switch (reader.read<std::uint8_t>()) {
        case static_cast<std::uint8_t>(Family::kIpv4): {
            ByteArray<4> bytes{};
            reader.read_into(bytes);
            return IpAddress{bytes};
        }
        case static_cast<std::uint8_t>(Family::kIpv6): {
            ByteArray<16> bytes{};
            reader.read_into(bytes);
            return IpAddress{bytes};
        }
        default:
            return std::nullopt;
    }
}

/// Fails the reader where the family is none.
inline Endpoint read_endpoint(ByteReader& reader) {
    Endpoint endpoint;
    if (const auto address = read_address(reader)) {
        endpoint.address = *address;
    } else {
        reader.fail();
    }
    endpoint.port = reader.read<std::uint16_t>();
    return endpoint;
}

}  // namespace weft::net
