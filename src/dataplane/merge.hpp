// SPDX-License-Identifier: Apache-2.0
// Opened packets become super-packets for the TUN: what the kernel's own GRO would merge and
// nothing else (net/ipv4/tcp_offload.c, net/ipv4/udp_offload.c), of neighbours in the stream only;
// a train is a run of one flow nearly always. The packets stay where they were opened: a merged
// write is the first packet with patched headers and the payloads of the others.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <sys/uio.h>

#include <weft/base/bytes.hpp>
#include <weft/net/ip_view.hpp>
#include <weft/sys/tun_offload.hpp>

namespace weft::dataplane {

class Merger {
  public:
    static constexpr std::size_t kPacketsMax = 64;
    static constexpr std::size_t kBytesMax = 65535;

    /// What TUN writes may carry; taken from the offload switches before each batch.
    struct Allowed {
        bool tcp = false;
        bool udp = false;
    };

    /// Whether `packet` continues the open run. If so it is taken.
    [[nodiscard]] bool try_append(Bytes packet, const net::IpView& ip, Allowed allowed);
    /// Starts a run with `packet`; the last one must have been finished.
    void start(Bytes packet, const net::IpView& ip, Allowed allowed);

    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] std::size_t packets() const { return count_; }
    /// The run as parts of one TUN write; patches the first packet if there are several.
    [[nodiscard]] std::span<const iovec> finish();
    /// After finish(), if the kernel refused the merged write: the packets as they were received,
    /// one by one; parts[0] is a vnet header.
    [[nodiscard]] std::array<iovec, 2> single(std::size_t i);
    void clear() { count_ = 0; }

  private:
    static constexpr std::size_t kHeadersMax = 120;

    /// Header fields of a packet that could be part of a run.
    struct Shape {
        std::size_t l4 = 0;       // offset of the L4 header
        std::size_t headers = 0;  // IP + L4
        std::size_t payload = 0;
        bool is_tcp = false;
        bool ends = false;  // TCP: PSH
    };
    [[nodiscard]] static bool shape_of(ConstBytes packet, const net::IpView& ip, Shape& out);
    [[nodiscard]] bool same_flow(ConstBytes packet, const Shape& shape) const;

    std::array<Bytes, kPacketsMax> packets_;
    std::array<iovec, kPacketsMax + 1> parts_{};
    std::size_t count_ = 0;
    net::IpView ip_;
    Shape shape_;
    bool mergeable_ = false;
    bool ended_ = false;
    bool pushed_ = false;
    std::size_t payload_total_ = 0;
    ByteArray<kHeadersMax> headers_as_received_{};
    ByteArray<sys::kVnetHeaderSize> vnet_{};
};

}  // namespace weft::dataplane
