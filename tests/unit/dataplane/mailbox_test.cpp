// SPDX-License-Identifier: Apache-2.0
// The lane's mailbox: bounded, in order, and woken for.
#include <poll.h>

#include <gtest/gtest.h>

#include <weft/base/endian.hpp>

#include "shared.hpp"

namespace weft::dataplane {
namespace {

bool is_awake(const LaneMailbox& mailbox) {
    pollfd wait{.fd = mailbox.wake.fd(), .events = POLLIN, .revents = 0};
    return ::poll(&wait, 1, 0) == 1;
}

TEST(LaneMailbox, takes_handshakes_until_it_is_full_and_again_when_emptied) {
    LaneMailbox mailbox;
    ByteArray<wg::kResponseSize> message{};
    for (int lap = 0; lap < 2; ++lap) {
        for (std::size_t n = 0; n < LaneMailbox::kHandedOnMax; ++n) {
            store_le32(message.data(), static_cast<std::uint32_t>(n));
            ASSERT_TRUE(mailbox.hand_on(message, {}));
        }
        EXPECT_FALSE(mailbox.hand_on(message, {}));
        EXPECT_TRUE(is_awake(mailbox));
        mailbox.wake.clear();
        EXPECT_FALSE(is_awake(mailbox));
        const auto taken = mailbox.take_handed_on();
        ASSERT_EQ(taken.size(), LaneMailbox::kHandedOnMax);
        for (std::size_t n = 0; n < taken.size(); ++n) {
            EXPECT_EQ(load_le32(taken[n].bytes.data()), n);
            EXPECT_EQ(taken[n].size, wg::kResponseSize);
        }
    }
    EXPECT_TRUE(mailbox.take_handed_on().empty());
}

TEST(LaneMailbox, lists_a_peer_once_however_often_it_asks) {
    LaneMailbox mailbox;
    wg::Peer first{crypto::PublicKey{}, 0};
    wg::Peer second{crypto::PublicKey{}, 0};
    mailbox.request(first, wg::PeerRequest::kHandshake);
    mailbox.request(second, wg::PeerRequest::kFlush);
    mailbox.request(first, wg::PeerRequest::kConfirm);
    EXPECT_TRUE(is_awake(mailbox));
    EXPECT_EQ(mailbox.take_requested(), &second);
    EXPECT_EQ(second.next_requested, &first);
    EXPECT_EQ(first.next_requested, nullptr);
    EXPECT_EQ(mailbox.take_requested(), nullptr);
    EXPECT_EQ(first.take_requests(), 3U);  // both
    mailbox.request(first, wg::PeerRequest::kHandshake);
    EXPECT_EQ(mailbox.take_requested(), &first);
}

}  // namespace
}  // namespace weft::dataplane
