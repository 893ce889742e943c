// SPDX-License-Identifier: Apache-2.0
// Ancillary data of UDP messages as bytes (cmsg(3)): a reader that trusts no length and a writer
// into a bounded buffer on the stack. Used once per recvmsg and sendmsg, by every worker and the
// handshake lane. glibc's CMSG_ macros are not used: they cast for alignment and read lengths
// before they check them. Formats: ip(7), ipv6(7), udp(7); kernel net/core/scm.c put_cmsg().
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <sys/socket.h>

#include <weft/base/bytes.hpp>
#include <weft/net/address.hpp>

namespace weft::sys {

constexpr std::size_t control_align(std::size_t size) {
    return (size + sizeof(std::size_t) - 1) & ~(sizeof(std::size_t) - 1);
}

/// Room for a message of `payload` bytes with its header, as CMSG_SPACE.
constexpr std::size_t control_space(std::size_t payload) {
    return control_align(sizeof(cmsghdr)) + control_align(payload);
}

/// What the kernel tells of one received message. Zero where it told nothing.
struct ControlInfo {
    std::uint32_t segment = 0;  // UDP_GRO: bytes of each datagram; 0: a single datagram
    std::uint8_t traffic_class = 0;
    bool has_local = false;
    net::IpAddress local;  // the address it came to, fit to answer from
    std::uint32_t interface = 0;
};

/// Reads as many whole control messages as `control` holds; stops at the first whose length is
/// wrong, skips those it does not know or whose payload is too short.
[[nodiscard]] ControlInfo parse_control(ConstBytes control);

/// Appends control messages to a buffer of N bytes. The bytes are in place for msg_control.
template <std::size_t N>
class ControlWriter {
  public:
    template <class T>
    void append(int level, int type, const T& value) {
        static_assert(std::is_trivially_copyable_v<T>);
        cmsghdr header{};
        header.cmsg_len = control_align(sizeof header) + sizeof value;
        header.cmsg_level = level;
        header.cmsg_type = type;
        std::byte* at = buffer_ + size_;
        if (size_ + control_space(sizeof value) > N) {
            return;  // cannot happen: N is the sum of what one message may carry
        }
        std::memcpy(at, &header, sizeof header);
        std::memcpy(at + control_align(sizeof header), &value, sizeof value);
        size_ += control_space(sizeof value);
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::byte* data() { return buffer_; }
    [[nodiscard]] ConstBytes bytes() const { return {buffer_, size_}; }

  private:
    alignas(cmsghdr) std::byte buffer_[N]{};  // padding between messages must not leak the stack
    std::size_t size_ = 0;
};

}  // namespace weft::sys
