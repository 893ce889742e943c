// SPDX-License-Identifier: Apache-2.0
// A sender as bytes for a keyed hash: address ‖ port. Without the port, everyone behind one NAT
// would be one. Private to the handshake code of this room.
#pragma once

#include <weft/base/bytes.hpp>
#include <weft/base/endian.hpp>
#include <weft/net/address.hpp>

namespace weft::wg {

class SourceName {
  public:
    explicit SourceName(const net::Endpoint& source)
        : size_(source.address.bytes().size() + sizeof source.port) {
        store_be16(copy_bytes(source.address.bytes(), bytes_).data(), source.port);
    }
    [[nodiscard]] ConstBytes view() const { return ConstBytes{bytes_}.first(size_); }

  private:
    ByteArray<16 + sizeof(net::Endpoint::port)> bytes_{};
    std::size_t size_;
};

}  // namespace weft::wg
