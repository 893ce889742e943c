// SPDX-License-Identifier: Apache-2.0
// Netlink bytes without a socket: what the builder writes, and the readers against hostile lengths:
// every truncation and 200,000 noisy messages from a fixed seed. Pure; the real kernel's messages
// are rtnetlink_test.cpp's.
#include "message.hpp"

#include <random>
#include <vector>

#include <linux/rtnetlink.h>

#include <gtest/gtest.h>

namespace weft::netlink {
namespace {

std::vector<std::byte> copy(ConstBytes bytes) {
    return {bytes.begin(), bytes.end()};
}

TEST(MessageBuilder, WritesHeaderAttributesAndPadding) {
    MessageBuilder builder{RTM_NEWLINK, NLM_F_ACK};
    builder.fixed_header(ifinfomsg{});
    builder.attribute(IFLA_IFNAME, bytes_of("abcde"));
    builder.attribute_u32(IFLA_MTU, 1420);
    ASSERT_FALSE(builder.overflowed());
    const std::vector<std::byte> bytes = copy(builder.finish(77));
    EXPECT_EQ(bytes.size(), 16U + 16U + 12U + 8U);

    ConstBytes rest{bytes};
    const std::optional<MessageView> message = next_message(rest);
    ASSERT_TRUE(message);
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(message->header.nlmsg_type, RTM_NEWLINK);
    EXPECT_EQ(message->header.nlmsg_flags, NLM_F_ACK | NLM_F_REQUEST);
    EXPECT_EQ(message->header.nlmsg_seq, 77U);
    ConstBytes attributes = message->payload;
    ASSERT_TRUE(take_fixed_header<ifinfomsg>(attributes));
    const std::optional<AttributeView> name = next_attribute(attributes);
    ASSERT_TRUE(name);
    EXPECT_EQ(read_string(name->value), "abcde");
    const std::optional<AttributeView> mtu = next_attribute(attributes);
    ASSERT_TRUE(mtu);
    EXPECT_EQ(mtu->type, IFLA_MTU);
    EXPECT_EQ(read_u32(mtu->value), 1420U);
    EXPECT_FALSE(next_attribute(attributes));
}

TEST(MessageBuilder, NestsAttributes) {
    MessageBuilder builder{RTM_NEWLINK, 0};
    builder.fixed_header(ifinfomsg{});
    const std::size_t outer = builder.begin_nested(IFLA_LINKINFO);
    builder.attribute(IFLA_INFO_KIND, bytes_of("dummy"));
    const std::size_t inner = builder.begin_nested(IFLA_INFO_DATA);
    builder.attribute_u32(1, 5);
    builder.end_nested(inner);
    builder.end_nested(outer);
    builder.attribute_u32(IFLA_MTU, 9);
    const std::vector<std::byte> bytes = copy(builder.finish(1));
    ConstBytes rest{bytes};
    ConstBytes attributes = next_message(rest)->payload;
    ASSERT_TRUE(take_fixed_header<ifinfomsg>(attributes));
    const std::optional<AttributeView> info = next_attribute(attributes);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->type, IFLA_LINKINFO);
    ConstBytes nested = info->value;
    EXPECT_EQ(read_string(next_attribute(nested)->value), "dummy");
    ConstBytes data = next_attribute(nested)->value;
    EXPECT_EQ(read_u32(next_attribute(data)->value), 5U);
    EXPECT_FALSE(next_attribute(nested));
    EXPECT_EQ(next_attribute(attributes)->type, IFLA_MTU);
}

TEST(MessageBuilder, OverflowIsSeenAndWritesNothing) {
    MessageBuilder builder{RTM_NEWLINK, 0};
    const std::vector<std::byte> big(MessageBuilder::kCapacity - kMessageHeaderSize - 3);
    builder.attribute(1, big);
    EXPECT_TRUE(builder.overflowed());
    EXPECT_EQ(builder.finish(1).size(), kMessageHeaderSize);

    MessageBuilder exact{RTM_NEWLINK, 0};
    exact.attribute(1, ConstBytes{big}.first(big.size() - 1));
    EXPECT_FALSE(exact.overflowed());
    EXPECT_EQ(exact.finish(1).size(), MessageBuilder::kCapacity);
    const std::size_t nested = exact.begin_nested(2);
    exact.end_nested(nested);
    EXPECT_TRUE(exact.overflowed());
}

std::vector<std::byte> error_message(int error, std::uint16_t flags, const char* text, bool whole) {
    MessageBuilder builder{NLMSG_ERROR, flags};
    nlmsgerr head{};
    head.error = error;
    head.msg.nlmsg_len = whole ? 16 + 16 : 16 + 400;  // capped: the length stays the request's
    builder.fixed_header(head);
    if (whole) {
        builder.fixed_header(ifinfomsg{});
    }
    builder.attribute(NLMSGERR_ATTR_MSG, ConstBytes{bytes_of({text, std::strlen(text) + 1})});
    return copy(builder.finish(1));
}

TEST(ParseAck, ReadsTheKernelsWordsCappedOrNot) {
    for (const bool whole : {false, true}) {
        const auto flags = static_cast<std::uint16_t>(NLM_F_ACK_TLVS | (whole ? 0 : NLM_F_CAPPED));
        const auto bytes = error_message(-EINVAL, flags, "mtu greater than device maximum", whole);
        ConstBytes rest{bytes};
        const std::optional<Ack> ack = parse_ack(*next_message(rest));
        ASSERT_TRUE(ack);
        EXPECT_EQ(ack->error, EINVAL);
        EXPECT_EQ(ack->text, "mtu greater than device maximum");
    }
}

TEST(ParseAck, RefusesErrorsThatAreNone) {
    for (const int error : {1, INT32_MAX, INT32_MIN, -4096}) {
        const auto bytes = error_message(error, 0, "", false);
        ConstBytes rest{bytes};
        EXPECT_FALSE(parse_ack(*next_message(rest)));
    }
}

void read_everything(ConstBytes bytes) {
    while (const std::optional<MessageView> message = next_message(bytes)) {
        static_cast<void>(parse_ack(*message));
        ConstBytes attributes = message->payload;
        static_cast<void>(take_fixed_header<nlmsgerr>(attributes));
        while (const std::optional<AttributeView> attribute = next_attribute(attributes)) {
            static_cast<void>(read_u32(attribute->value));
            static_cast<void>(read_string(attribute->value));
        }
    }
}

TEST(Readers, SurviveTruncationAndNoise) {
    const auto whole = error_message(-EPERM, NLM_F_ACK_TLVS, "no", true);
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        std::vector<std::byte> cut(whole.begin(),
                                   whole.begin() + static_cast<std::ptrdiff_t>(size));
        cut.shrink_to_fit();
        read_everything(cut);
    }
    std::mt19937 random{2};
    for (int i = 0; i < 200000; ++i) {
        std::vector<std::byte> noisy = whole;
        for (unsigned flip = 0; flip < 1 + random() % 6; ++flip) {
            noisy[random() % noisy.size()] = static_cast<std::byte>(random());
        }
        read_everything(noisy);
    }
}

}  // namespace
}  // namespace weft::netlink
