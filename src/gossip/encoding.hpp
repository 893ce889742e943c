// SPDX-License-Identifier: Apache-2.0
// Fields that records and messages have in common. Private to this room.
#pragma once

#include <optional>

#include <weft/base/byte_reader.hpp>
#include <weft/base/byte_writer.hpp>
#include <weft/gossip/record.hpp>

namespace weft::gossip {

inline void append(ByteWriter& writer, const NodeId& id) {
    writer.append(id.bytes);
}
inline NodeId read_id(ByteReader& reader) {
    NodeId id;
    reader.read_into(id.bytes);
    return id;
}

inline void append(ByteWriter& writer, const Order& order) {
    writer.write(order.generation);
    writer.write(order.epoch);
    writer.write(order.sequence);
}
inline Order read_order(ByteReader& reader) {
    Order order;
    order.generation = reader.read<std::uint32_t>();
    order.epoch = reader.read<std::uint64_t>();
    order.sequence = reader.read<std::uint64_t>();
    return order;
}

/// family, address, port
inline constexpr std::size_t kEndpointEncodedMax = 1 + 16 + 2;
/// Without its scope: that is of one machine.
inline void append(ByteWriter& writer, const net::Endpoint& endpoint) {
    writer.write(static_cast<std::uint8_t>(endpoint.address.family()));
    writer.append(endpoint.address.bytes());
    writer.write(endpoint.port);
}
inline net::Endpoint read_endpoint(ByteReader& reader) {
    net::Endpoint endpoint;
    const auto family = reader.read<std::uint8_t>();
    if (family == static_cast<std::uint8_t>(net::Family::kIpv4)) {
        ByteArray<4> bytes{};
        reader.read_into(bytes);
        endpoint.address = net::IpAddress{bytes};
    } else if (family == static_cast<std::uint8_t>(net::Family::kIpv6)) {
        ByteArray<16> bytes{};
        reader.read_into(bytes);
        endpoint.address = net::IpAddress{bytes};
    } else {
        reader.fail();
    }
    endpoint.port = reader.read<std::uint16_t>();
    return endpoint;
}

}  // namespace weft::gossip
