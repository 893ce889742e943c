// SPDX-License-Identifier: Apache-2.0
// A non-blocking UDP socket that sends and receives trains: equal-sized datagrams as one GSO or GRO
// message (UDP_SEGMENT, UDP_GRO; kernel net/ipv4/udp_offload.c), with packet-info for the source
// address, TOS both ways, DF never set (outer fragments are better than lost tunnels).
#pragma once

#include <cstdint>
#include <span>

#include <weft/base/bytes.hpp>
#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/net/address.hpp>
#include <weft/sys/io_result.hpp>

namespace weft::sys {

/// The largest train that stays whole on its way. A UDP payload could have 65507 bytes, but from
/// 65536 bytes on (Ethernet header 14, IPv6 40 and UDP 8 included) an skb is at a device's usual
/// gso_max_size and the kernel cuts it up in software (net/core/dev.c, gso_features_check).
inline constexpr std::size_t kTrainBytesMax = 65535 - 14 - 40 - 8;
/// UDP_MAX_SEGMENTS of kernels before 6.9; newer take more.
inline constexpr std::size_t kTrainSegmentsMax = 64;
inline constexpr std::size_t kUdpReadMax = 65535;
inline constexpr std::size_t kReceiveManyMax = 32;

/// What came in: `size` bytes of datagrams of `segment` bytes each, the last perhaps shorter.
struct ReceivedTrain {
    std::size_t size = 0;
    std::size_t segment = 0;
    std::uint8_t traffic_class = 0;
    bool truncated = false;
    net::Path path;  // remote: the sender; source: the address it was sent to
};

/// What goes out; segment == bytes.size() for a single datagram.
struct OutgoingTrain {
    ConstBytes bytes;
    std::size_t segment = 0;
    std::uint8_t traffic_class = 0;
};

class UdpSocket {
  public:
    UdpSocket() = default;
    UdpSocket(UniqueFd fd, net::Family family) : fd_(std::move(fd)), family_(family) {}

    [[nodiscard]] bool valid() const { return fd_.valid(); }
    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] net::Family family() const { return family_; }

    /// Receives one train into `buffer` (kUdpReadMax never truncates).
    IoResult receive(Bytes buffer, ReceivedTrain& out) const;
    /// Receives up to out.size() trains at once (1 to kReceiveManyMax), each into an equal part of
    /// `buffer`, beyond which it is truncated. IoResult::size is their number.
    IoResult receive_many(Bytes buffer, std::span<ReceivedTrain> out) const;
    /// Sends to path.remote from path.source where that is set. One call to the kernel: with more
    /// than one segment it needs GSO, and EIO, EMSGSIZE or EINVAL mean that the caller must send
    /// singly.
    IoResult send(const OutgoingTrain& train, const net::Path& path) const;
    /// The same with DF, whatever the kernel believes of the path (to measure it): what does not
    /// pass somewhere is lost there, EMSGSIZE where that is here. What other threads send on the
    /// socket meanwhile has DF too.
    IoResult send_unfragmented(const OutgoingTrain& train, const net::Path& path) const;

  private:
    UniqueFd fd_;
    net::Family family_ = net::Family::kIpv4;
};

}  // namespace weft::sys
