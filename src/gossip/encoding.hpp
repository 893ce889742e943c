// SPDX-License-Identifier: Apache-2.0
// Fields that records and messages have in common. Private to this room.
#pragma once

#include <weft/base/byte_reader.hpp>
#include <weft/base/byte_writer.hpp>
#include <weft/gossip/record.hpp>
#include <weft/net/address_bytes.hpp>

namespace weft::gossip {

using net::append;
using net::read_endpoint;

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

}  // namespace weft::gossip
