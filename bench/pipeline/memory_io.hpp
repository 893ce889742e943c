// SPDX-License-Identifier: Apache-2.0
// TUN queues and UDP sockets in memory, in place of src/sys/tun.cpp and udp_socket.cpp at link
// time: what the data plane costs without the kernel. Reads and writes copy once, as the kernel
// does. A descriptor (any open one) names a device; one thread.
#pragma once

#include <cstdint>
#include <vector>

#include <weft/base/unique_fd.hpp>
#include <weft/net/address.hpp>

namespace weft::bench {

using Buffer = std::vector<std::byte>;

/// What the node's TUN reads, again and again, and how much was written to it.
struct MemoryTun {
    std::vector<Buffer> reads;
    std::size_t next = 0;  // reads.size(): nothing more until it is set back
    std::uint64_t packets_written = 0;
    Buffer last_write;
};

/// One direction of a wire; as many trains as a burst makes.
class MemoryWire {
  public:
    static constexpr std::size_t kTrainsMax = 160;

    struct Train {
        Buffer bytes;
        std::size_t size = 0;
        std::size_t segment = 0;
    };

    MemoryWire();
    /// The place of the next train, or null when the wire is full.
    [[nodiscard]] Train* push();
    /// The oldest train, or null; valid until the next push.
    [[nodiscard]] const Train* pop();

  private:
    std::vector<Train> trains_;
    std::size_t pushed_ = 0;
    std::size_t popped_ = 0;
};

/// What a node's socket sends into and receives from; either may be null.
struct MemorySocket {
    MemoryWire* out = nullptr;
    MemoryWire* in = nullptr;
};

/// Where every received train is from.
inline const net::Path kPeerPath{*net::Endpoint::parse("192.0.2.1:51840"), {}, 0};

/// A descriptor that stands for the device, which must outlive its use.
[[nodiscard]] UniqueFd attach(MemoryTun& tun);
[[nodiscard]] UniqueFd attach(MemorySocket& socket);

}  // namespace weft::bench
