// SPDX-License-Identifier: Apache-2.0
// Who has come, gone, or is silent.
#include "peer_watch.hpp"

#include <gtest/gtest.h>

namespace weft::control {
namespace {

using std::chrono::seconds;

constexpr Time kBegin{seconds{1000}};
const KeyBytes kWatched{std::byte{1}};

class PeerWatchTest : public ::testing::Test {
  protected:
    std::vector<PeerWatch::Event> look(int at) {
        return watch_.observe({sample_}, kBegin + seconds{at});
    }
    PeerWatch watch_;
    PeerSample sample_{kWatched, {}, {}, false, false};
};

TEST_F(PeerWatchTest, TellsASessionOnce) {
    EXPECT_TRUE(look(0).empty());
    sample_.session_live = true;
    ASSERT_EQ(look(1).size(), 1U);
    EXPECT_TRUE(look(2).empty());
    EXPECT_EQ(watch_.live(), std::set{kWatched});
    sample_.session_live = false;
    const auto events = look(3);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].change, PeerChange::kSessionDown);
}

TEST_F(PeerWatchTest, APeerWithoutTrafficIsNotSilent) {
    for (int at = 0; at < 1000; ++at) {
        EXPECT_TRUE(look(at).empty());
    }
    EXPECT_FALSE(watch_.silent(kWatched));
}

TEST_F(PeerWatchTest, SilentAfterFifteenSecondsOfAttempts) {
    sample_.handshake_pending = true;
    for (int at = 0; at < 15; ++at) {
        EXPECT_TRUE(look(at).empty());
    }
    const auto events = look(15);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].change, PeerChange::kSilent);
    EXPECT_TRUE(look(16).empty());
    sample_.handshake_pending = false;  // it gave up; the next packet starts again
    look(20);
    EXPECT_TRUE(watch_.silent(kWatched));
    look(60);
    EXPECT_FALSE(watch_.silent(kWatched));
}

TEST_F(PeerWatchTest, AHandshakeEndsTheSilence) {
    sample_.handshake_pending = true;
    look(0);
    look(20);
    EXPECT_TRUE(watch_.silent(kWatched));
    sample_.handshake_pending = false;
    sample_.last_handshake = WallTime{seconds{5}};
    look(21);
    EXPECT_FALSE(watch_.silent(kWatched));
    sample_.handshake_pending = true;  // a rekey of its own, just begun
    look(22);
    EXPECT_FALSE(watch_.silent(kWatched));
}

TEST_F(PeerWatchTest, ForgetsPeersThatAreGone) {
    sample_.handshake_pending = true;
    look(0);
    look(20);
    EXPECT_TRUE(watch_.observe({}, kBegin + seconds{21}).empty());
    EXPECT_FALSE(watch_.silent(kWatched));
}

}  // namespace
}  // namespace weft::control
