// SPDX-License-Identifier: Apache-2.0
// Where a peer without a session is called. That members become peers is shown by whole nodes in
// tests/sim.
#include <gtest/gtest.h>

#include <weft/mesh/peers.hpp>

namespace weft::mesh::calling {
namespace {

net::Endpoint at(std::string_view text) {
    return net::Endpoint::parse(text).value();
}

const crypto::PublicKey kPeer{};
constexpr Duration kTurn = Caller::kTurn;

TEST(MeshCaller, the_best_candidate_where_there_is_none_yet) {
    Caller caller;
    const std::vector candidates{at("192.0.2.1:51840"), at("192.0.2.2:51840")};
    EXPECT_EQ(caller.next(kPeer, candidates, {}, Time{}), candidates[0]);
    EXPECT_FALSE(caller.next(kPeer, {}, {}, Time{}));
}

TEST(MeshCaller, never_touches_a_session_that_is_idle_or_heard_from) {
    Caller caller;
    const std::vector candidates{at("192.0.2.1:51840")};
    for (const bool calling : {false, true}) {
        Caller::Peer peer{at("198.51.100.9:1"), true, calling};
        for (int turn = 0; turn < 5; ++turn) {
            peer.received += calling ? 1 : 0;
            EXPECT_FALSE(caller.next(kPeer, candidates, peer, Time{} + turn * kTurn));
        }
    }
}

TEST(MeshCaller, a_session_whose_peer_answers_nothing_any_more_is_not_live) {
    Caller caller;
    const std::vector candidates{at("192.0.2.1:51840")};
    const Caller::Peer peer{at("198.51.100.9:1"), true, true, 7};
    EXPECT_FALSE(caller.next(kPeer, candidates, peer, Time{}));
    EXPECT_FALSE(caller.next(kPeer, candidates, peer, Time{} + Caller::kSilence / 2));
    EXPECT_EQ(caller.next(kPeer, candidates, peer, Time{} + Caller::kSilence), candidates[0]);
}

TEST(MeshCaller, each_has_its_turn_while_nobody_answers) {
    Caller caller;
    const std::vector candidates{at("192.0.2.1:51840"), at("192.0.2.2:51840")};
    Caller::Peer peer{candidates[0], false, true};
    Time now{};
    EXPECT_FALSE(caller.next(kPeer, candidates, peer, now));
    EXPECT_FALSE(caller.next(kPeer, candidates, peer, now + kTurn / 2));
    now += kTurn;
    EXPECT_EQ(caller.next(kPeer, candidates, peer, now), candidates[1]);
    peer.current = candidates[1];
    EXPECT_FALSE(caller.next(kPeer, candidates, peer, now + kTurn / 2));
    EXPECT_EQ(caller.next(kPeer, candidates, peer, now + kTurn), candidates[0]);
}

TEST(MeshCaller, one_that_roamed_and_went_silent_is_called_where_it_says_it_is) {
    Caller caller;
    const std::vector candidates{at("192.0.2.1:51840")};
    const Caller::Peer peer{at("198.51.100.9:1"), false, true};
    EXPECT_FALSE(caller.next(kPeer, candidates, peer, Time{}));
    EXPECT_EQ(caller.next(kPeer, candidates, peer, Time{} + kTurn), candidates[0]);
}

TEST(MeshCaller, a_peer_that_was_heard_elsewhere_is_called_there_at_once) {
    Caller caller;
    const net::Endpoint before = at("192.0.2.1:51840");
    const net::Endpoint after = at("198.51.100.9:51840");
    EXPECT_FALSE(caller.next(kPeer, {before}, {before, false, true}, Time{}));
    EXPECT_EQ(caller.next(kPeer, {after, before}, {before, false, true}, Time{}), after);
    EXPECT_FALSE(caller.next(kPeer, {after, before}, {after, false, true}, Time{} + kTurn / 2));
}

TEST(MeshCaller, a_session_follows_a_new_best_candidate_only_when_it_does_not_answer) {
    Caller caller;
    const net::Endpoint before = at("192.0.2.1:51840");
    const std::vector moved{at("198.51.100.9:51840"), before};
    Caller::Peer peer{before, true, false, 7};
    Time now{};
    EXPECT_FALSE(caller.next(kPeer, {before}, peer, now));
    EXPECT_FALSE(caller.next(kPeer, moved, peer, now += kTurn));  // idle
    peer.calling = true;
    EXPECT_FALSE(caller.next(kPeer, moved, peer, now += kTurn));
    EXPECT_EQ(caller.next(kPeer, moved, peer, now + Caller::kDoubt), moved[0]);
    ++peer.received;  // it answered after all where it was
    EXPECT_FALSE(caller.next(kPeer, moved, peer, now + Caller::kDoubt));
    EXPECT_FALSE(caller.next(kPeer, moved, peer, now + 2 * Caller::kDoubt));
}

TEST(MeshCaller, a_new_call_begins_a_new_turn) {
    Caller caller;
    const std::vector candidates{at("192.0.2.1:51840"), at("192.0.2.2:51840")};
    EXPECT_FALSE(caller.next(kPeer, candidates, {candidates[0], false, true}, Time{}));
    EXPECT_FALSE(caller.next(kPeer, candidates, {candidates[0], false, false}, Time{} + kTurn));
    EXPECT_FALSE(caller.next(kPeer, candidates, {candidates[0], false, true}, Time{} + 2 * kTurn));
}

}  // namespace
}  // namespace weft::mesh::calling
