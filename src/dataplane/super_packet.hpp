// SPDX-License-Identifier: Apache-2.0
// A TUN read taken apart: one packet, or a TCP/UDP super-packet that is many (segmentation as the
// kernel's tcp_gso_segment and __udp_gso_segment do it). Segments are never built: each is a small
// patched header in the caller's scratch and a slice of the read. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include <weft/base/bytes.hpp>
#include <weft/crypto/aead.hpp>
#include <weft/net/ip_view.hpp>
#include <weft/sys/tun_offload.hpp>

namespace weft::dataplane {

class SuperPacket {
  public:
    struct Segment {
        ConstBytes
            head;  // patched headers in the scratch; empty for a packet that is its own segment
        ConstBytes payload;

        [[nodiscard]] std::size_t size() const { return head.size() + payload.size(); }
    };
    using Scratch = ByteArray<crypto::kHeadMax>;

    /// `read` is a vnet header and a packet. Checks every length that segment() relies on;
    /// completes the checksum of a single packet in place (and clears its NEEDS_CSUM, so parsing
    /// again is harmless). Nothing if the packet is not IP, or the vnet header contradicts it.
    static std::optional<SuperPacket> parse(Bytes read);

    [[nodiscard]] const net::IpView& ip() const { return ip_; }
    [[nodiscard]] ConstBytes packet() const { return packet_; }
    [[nodiscard]] std::uint32_t segments() const { return segments_; }
    /// Bytes of segment `i` < segments().
    [[nodiscard]] std::size_t segment_size(std::uint32_t i) const;
    /// Segment `i`; its head lies in `scratch`.
    [[nodiscard]] Segment segment(std::uint32_t i, Scratch& scratch) const;

  private:
    [[nodiscard]] bool plan_segments();
    [[nodiscard]] bool complete_checksum();
    void patch_ip(Bytes head, std::uint32_t i, std::size_t payload_size) const;
    void patch_tcp(Bytes tcp, std::uint32_t i) const;

    Bytes packet_;
    net::IpView ip_;
    sys::VnetHeader vnet_;
    std::size_t head_size_ = 0;  // IP and L4 headers; 0 for a single packet
    std::uint32_t segments_ = 1;
    std::uint64_t pseudo_sum_ = 0;  // of the pseudo header, without the L4 length
};

}  // namespace weft::dataplane
