// SPDX-License-Identifier: Apache-2.0
// Netlink messages as bytes (see message.hpp). Nothing here makes a system call; every length that
// came from outside is checked against the bytes at hand before it is used.
#include "message.hpp"

#include <algorithm>

#include <weft/base/assert.hpp>

namespace weft::netlink {

static_assert(sizeof(nlmsghdr) == kMessageHeaderSize);
static_assert(sizeof(nlattr) == kAttributeHeaderSize);

MessageBuilder::MessageBuilder(std::uint16_t type, std::uint16_t flags)
    : type_(type), flags_(static_cast<std::uint16_t>(flags | NLM_F_REQUEST)) {}

void MessageBuilder::append(ConstBytes bytes) {
    const std::size_t padded = netlink_align(bytes.size());
    if (overflowed_ || padded > kCapacity - size_) {
        overflowed_ = true;
        return;
    }
    if (!bytes.empty()) {
        std::memcpy(buffer_.data() + size_, bytes.data(), bytes.size());
    }
    size_ += padded;
}

void MessageBuilder::store_u16(std::size_t at, std::size_t value) {
    const auto narrow = static_cast<std::uint16_t>(value);
    std::memcpy(buffer_.data() + at, &narrow, sizeof narrow);
}

void MessageBuilder::attribute(std::uint16_t type, ConstBytes value) {
    const std::size_t length = kAttributeHeaderSize + value.size();
    if (overflowed_ || netlink_align(length) > kCapacity - size_) {
        overflowed_ = true;  // all of it or nothing
        return;
    }
    const nlattr header{.nla_len = static_cast<std::uint16_t>(length), .nla_type = type};
    append(std::as_bytes(std::span<const nlattr, 1>{&header, 1}));
    append(value);
}

void MessageBuilder::attribute_u32(std::uint16_t type, std::uint32_t value) {
    attribute(type, std::as_bytes(std::span<const std::uint32_t, 1>{&value, 1}));
}

std::size_t MessageBuilder::begin_nested(std::uint16_t type) {
    const std::size_t begin = size_;
    attribute(static_cast<std::uint16_t>(type | NLA_F_NESTED), {});
    return begin;
}

void MessageBuilder::end_nested(std::size_t begin) {
    if (!overflowed_) {
        WEFT_ASSERT(begin >= kMessageHeaderSize && begin + kAttributeHeaderSize <= size_);
        store_u16(begin + offsetof(nlattr, nla_len), size_ - begin);
    }
}

ConstBytes MessageBuilder::finish(std::uint32_t sequence) {
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(size_);
    header.nlmsg_type = type_;
    header.nlmsg_flags = flags_;
    header.nlmsg_seq = sequence;
    std::memcpy(buffer_.data(), &header, sizeof header);
    return ConstBytes{buffer_}.first(size_);
}

std::optional<MessageView> next_message(ConstBytes& rest) {
    MessageView message;
    if (rest.size() < kMessageHeaderSize) {
        return std::nullopt;
    }
    std::memcpy(&message.header, rest.data(), sizeof message.header);
    const std::size_t length = message.header.nlmsg_len;
    if (length < kMessageHeaderSize || length > rest.size()) {
        return std::nullopt;
    }
    message.payload = rest.subspan(kMessageHeaderSize, length - kMessageHeaderSize);
    rest = rest.subspan(std::min(netlink_align(length), rest.size()));
    return message;
}

std::optional<AttributeView> next_attribute(ConstBytes& rest) {
    nlattr header{};
    if (rest.size() < kAttributeHeaderSize) {
        return std::nullopt;
    }
    std::memcpy(&header, rest.data(), sizeof header);
    const std::size_t length = header.nla_len;
    if (length < kAttributeHeaderSize || length > rest.size()) {
        return std::nullopt;
    }
    AttributeView attribute;
    attribute.type = static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK);
    attribute.value = rest.subspan(kAttributeHeaderSize, length - kAttributeHeaderSize);
    rest = rest.subspan(std::min(netlink_align(length), rest.size()));
    return attribute;
}

std::uint32_t read_u32(ConstBytes value) {
    std::uint32_t out = 0;
    if (value.size() == sizeof out) {
        std::memcpy(&out, value.data(), sizeof out);
    }
    return out;
}

std::string read_string(ConstBytes value) {
    const auto* end = std::find(value.data(), value.data() + value.size(), std::byte{0});
    std::string out;
    out.reserve(static_cast<std::size_t>(end - value.data()));
    for (const std::byte* at = value.data(); at != end; ++at) {
        out.push_back(static_cast<char>(*at));
    }
    return out;
}

std::optional<Ack> parse_ack(const MessageView& message) {
    ConstBytes rest = message.payload;
    const std::optional<nlmsgerr> head = take_fixed_header<nlmsgerr>(rest);
    if (!head || head->error > 0 || head->error < -kErrnoMax) {
        return std::nullopt;
    }
    Ack ack;
    ack.error = -head->error;
    if ((message.header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) {
        return ack;
    }
    // Unless capped, the request comes back whole between the verdict and its explanation.
    if ((message.header.nlmsg_flags & NLM_F_CAPPED) == 0) {
        const std::size_t whole = netlink_align(head->msg.nlmsg_len);
        if (whole < kMessageHeaderSize || whole - kMessageHeaderSize > rest.size()) {
            return ack;
        }
        rest = rest.subspan(whole - kMessageHeaderSize);
    }
    while (const std::optional<AttributeView> attribute = next_attribute(rest)) {
        if (attribute->type == NLMSGERR_ATTR_MSG) {
            ack.text = read_string(attribute->value);
        }
    }
    return ack;
}

}  // namespace weft::netlink
