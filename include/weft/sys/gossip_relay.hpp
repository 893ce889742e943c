// SPDX-License-Identifier: Apache-2.0
// From workers to the control thread: gossip datagrams that came to a worker's socket all the same.
// GRO appends a shorter datagram to a train of the same two ports, so under load much of a peer's
// gossip arrives at the end of its data; and without steering all of it does. Lossy: nobody waits.
#pragma once

#include <cstddef>

#include <weft/base/bytes.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/net/address.hpp>

namespace weft::sys {

class GossipRelay {
  public:
    static constexpr std::size_t kDatagramMax = 9'216;  // gossip's largest

    GossipRelay();

    /// Any thread, without waiting. False: no gossip by its first byte, larger, or the reader is
    /// far behind.
    [[nodiscard]] bool post(const net::Endpoint& from, ConstBytes datagram) const;

    /// Readable where there is something to take.
    [[nodiscard]] int fd() const { return reader_.get(); }
    /// The datagram in `buffer` (kDatagramMax bytes at least); empty: nothing is there.
    [[nodiscard]] ConstBytes take(net::Endpoint& from, Bytes buffer) const;

  private:
    UniqueFd writer_;
    UniqueFd reader_;
};

}  // namespace weft::sys
