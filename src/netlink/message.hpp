// SPDX-License-Identifier: Apache-2.0
// Netlink messages as bytes: a builder over a bounded buffer and readers that trust no length.
// Pure; control thread, or the CNI plugin's only one. Format: netlink(7), rtnetlink(7); kernel
// include/uapi/linux/netlink.h. The NLMSG_ and RTA_ macros are not used: they cast for alignment
// and compute with mixed signs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>

#include <linux/netlink.h>

#include <weft/base/bytes.hpp>

namespace weft::netlink {

/// Netlink pads messages and attributes to 4 bytes.
constexpr std::size_t netlink_align(std::size_t size) {
    return (size + 3) & ~std::size_t{3};
}

inline constexpr int kErrnoMax = 4095;                  // include/linux/err.h: MAX_ERRNO
inline constexpr std::size_t kMessageHeaderSize = 16;   // struct nlmsghdr
inline constexpr std::size_t kAttributeHeaderSize = 4;  // struct nlattr

/// One request. What does not fit is not written, and overflowed() tells it.
class MessageBuilder {
  public:
    /// The largest request here (a link's settings) takes under 100 bytes.
    static constexpr std::size_t kCapacity = 512;

    /// NLM_F_REQUEST is implied.
    MessageBuilder(std::uint16_t type, std::uint16_t flags);

    /// The fixed header: of the message first, and of a veth's peer, which is described as one.
    template <class T>
    void fixed_header(const T& header) {
        static_assert(std::is_trivially_copyable_v<T>);
        append(std::as_bytes(std::span<const T, 1>{&header, 1}));
    }
    void attribute(std::uint16_t type, ConstBytes value);
    void attribute_u32(std::uint16_t type, std::uint32_t value);
    /// Opens a nested attribute; close it with end_nested(what this returned).
    [[nodiscard]] std::size_t begin_nested(std::uint16_t type);
    void end_nested(std::size_t begin);

    [[nodiscard]] bool overflowed() const { return overflowed_; }
    /// The whole message, its length and sequence number filled in.
    [[nodiscard]] ConstBytes finish(std::uint32_t sequence);

  private:
    void append(ConstBytes bytes);
    void store_u16(std::size_t at, std::size_t value);

    std::array<std::byte, kCapacity> buffer_{};  // padding is zero
    std::size_t size_ = kMessageHeaderSize;
    bool overflowed_ = false;
    std::uint16_t type_;
    std::uint16_t flags_;
};

/// A message in a received buffer.
struct MessageView {
    nlmsghdr header{};
    ConstBytes payload;
};

/// An attribute; `type` without the nested and byte-order flags.
struct AttributeView {
    std::uint16_t type = 0;
    ConstBytes value;
};

/// Takes the first message (attribute) off `rest`; nothing when none is whole.
[[nodiscard]] std::optional<MessageView> next_message(ConstBytes& rest);
[[nodiscard]] std::optional<AttributeView> next_attribute(ConstBytes& rest);

/// Takes the fixed header off the front of a payload; nothing when it is too short.
template <class T>
[[nodiscard]] std::optional<T> take_fixed_header(ConstBytes& payload) {
    static_assert(std::is_trivially_copyable_v<T>);
    T header{};
    if (payload.size() < sizeof header) {
        return std::nullopt;
    }
    std::memcpy(&header, payload.data(), sizeof header);
    const std::size_t step = netlink_align(sizeof header);
    payload = payload.subspan(step < payload.size() ? step : payload.size());
    return header;
}

/// 0 where the value has another size.
[[nodiscard]] std::uint32_t read_u32(ConstBytes value);
/// Up to the first NUL.
[[nodiscard]] std::string read_string(ConstBytes value);

/// NLMSG_ERROR: the kernel's verdict on a request.
struct Ack {
    int error = 0;     // errno, 0: done
    std::string text;  // the kernel's own words, often empty (NETLINK_EXT_ACK)
};

/// Nothing when the message is malformed.
[[nodiscard]] std::optional<Ack> parse_ack(const MessageView& message);

}  // namespace weft::netlink
