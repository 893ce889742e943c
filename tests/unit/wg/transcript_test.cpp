// SPDX-License-Identifier: Apache-2.0
// A frozen handshake between two devices, every byte on the wire, against the independent
// computation of vectors/wg_noise.py: nothing about the wire may change by accident.
#include "noise_vectors.hpp"
#include "wg_world.hpp"

namespace weft::test {
namespace {

class FrozenNode {
  public:
    FrozenNode(const NamedVectors& vector, const std::string& side, std::uint32_t index)
        : random_(vector.get<32>("ephemeral_" + side), index), device_(random_, 1) {
        device_.set_private_key(vector.secret("static_" + side), actions_);
    }
    wg::Tunnel& add_peer(const FrozenNode& other, const NamedVectors& vector) {
        wg::Tunnel& tunnel = *device_.ensure_peer(other.device_.identity().public_key);
        tunnel.set_preshared_key(vector.secret("psk"));
        tunnel.peer().set_endpoint(*net::Endpoint::parse("192.0.2.9:51820"));
        return tunnel;
    }
    /// The one message that is to be sent, as hex.
    std::string sent() {
        EXPECT_EQ(actions_.datagrams.size(), 1U);
        const ConstBytes message = actions_.datagrams.at(0).view();
        std::string hex = to_hex(message);
        actions_.datagrams.clear();
        return hex;
    }
    net::DropReason receive(const std::string& hex, wg::Now now) {
        return device_.on_datagram(unhex(hex), kFrom, 0, now, actions_);
    }
    void initiate(wg::Tunnel& tunnel, wg::Now now) { tunnel.initiate(now, false, actions_); }
    wg::Session* session(std::uint32_t index) const {
        return device_.indices().find(wg::Index{index});
    }

  private:
    const net::Path kFrom{*net::Endpoint::parse("192.0.2.9:51820"), {}, 0};
    FixedRandom random_;
    wg::Device device_;
    wg::Actions actions_;
};

/// The session's next data message, as hex.
std::string seal(wg::Session& session, ConstBytes packet) {
    std::vector<std::byte> message(wg::kDataOverhead + packet.size() +
                                   wg::padding_for(packet.size(), 1420));
    const std::uint64_t nonce = session.take_nonces(1).value();
    wg::write_data_header(message.data(), session.remote_index(), nonce);
    const crypto::SealJob job{.key = &session.send_key(),
                              .nonce = nonce,
                              .head = {},
                              .payload = packet,
                              .pad = wg::padding_for(packet.size(), 1420),
                              .destination = message.data() + wg::kDataHeaderSize};
    crypto::choose_kernels("auto").value()->seal(std::span{&job, 1});
    return to_hex(message);
}

class Transcript : public ::testing::TestWithParam<const char*> {};

TEST_P(Transcript, of_a_handshake_and_first_data_is_frozen) {
    ASSERT_TRUE(crypto::initialize());
    const NamedVectors vector{"wg_noise.txt", GetParam()};
    const wg::Now now{Time{1000s}, WallTime{std::chrono::seconds{1'700'000'000}} + 20ms};
    FrozenNode initiator{vector, "i", 0x01020300};
    FrozenNode responder{vector, "r", 0xa0b0c0d0};
    wg::Tunnel& tunnel = initiator.add_peer(responder, vector);
    responder.add_peer(initiator, vector);

    initiator.initiate(tunnel, now);
    EXPECT_EQ(initiator.sent(), vector.hex("initiation"));
    ASSERT_EQ(responder.receive(vector.hex("initiation"), now), net::DropReason::kNone);
    EXPECT_EQ(responder.sent(), vector.hex("response"));
    ASSERT_EQ(initiator.receive(vector.hex("response"), now), net::DropReason::kNone);

    wg::Session* ours = initiator.session(0x01020300);  // a session inherits its handshake's index
    wg::Session* theirs = responder.session(0xa0b0c0d0);
    ASSERT_TRUE(ours != nullptr && theirs != nullptr);
    EXPECT_EQ(seal(*ours, vector.bytes("packet")), vector.hex("data"));
    EXPECT_EQ(seal(*theirs, {}), vector.hex("keepalive"));
}

INSTANTIATE_TEST_SUITE_P(, Transcript, ::testing::Values("open.", "psk."), [](const auto& each) {
    return each.param == std::string{"psk."} ? "psk" : "open";
});

}  // namespace
}  // namespace weft::test
