// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as a datagram to the handshake lane's door, under load and idle, with
// valid MAC1 or without, with the index of a handshake that is under way. Without MAC1 there is
// silence (paper 5.1); with it, at most one answer, never longer than its cause: nothing is
// amplified.
#include <weft/crypto/blake2s.hpp>
#include <weft/wg/device.hpp>

#include "fuzz.hpp"

namespace {

namespace wg = weft::wg;
using weft::net::DropReason;

/// A device with a key, one peer, and an initiation to it that has not been answered.
struct Target {
    Target() {
        wg::Actions actions;
        device.set_private_key(weft::crypto::generate_private_key(random), actions);
        const auto key = weft::crypto::generate_private_key(random);
        wg::Tunnel* tunnel = device.ensure_peer(weft::crypto::public_key_of(key));
        tunnel->peer().set_endpoint(*weft::net::Endpoint::parse("192.0.2.9:51840"));
        tunnel->initiate({time, weft::WallTime{}}, false, actions);
        WEFT_FUZZ_CHECK(actions.datagrams.size() == 1 && tunnel->handshake_index());
        pending = *tunnel->handshake_index();
    }

    weft::SeededRandom random{1};
    wg::Device device{random, 1};
    weft::Time time{std::chrono::seconds{1000}};
    wg::Index pending{};
};

bool has_macs(wg::MessageType type) {
    return type == wg::MessageType::kInitiation || type == wg::MessageType::kResponse;
}

weft::ByteArray<16> mac1_of(weft::ConstBytes message, const weft::crypto::PublicKey& to) {
    const auto key = weft::crypto::blake2s(weft::bytes_of("mac1----"), to.bytes);
    return weft::crypto::blake2s_mac(key, message.first(message.size() - 2 * wg::kMacSize));
}

bool mac1_valid(weft::ConstBytes message, const weft::crypto::PublicKey& to) {
    const auto mac = mac1_of(message, to);
    return std::equal(mac.begin(), mac.end(), message.end() - 2 * wg::kMacSize);
}

/// Gets past the gates that no mutation would find: the type word, the receiver index, MAC1.
void make_up(weft::Bytes message, std::uint8_t flags, const Target& target) {
    const auto type = wg::classify(message);
    if ((flags & 4U) != 0 && type && *type != wg::MessageType::kInitiation) {
        const std::size_t at = *type == wg::MessageType::kResponse ? 8 : 4;
        weft::store_le32(&message[at], static_cast<std::uint32_t>(target.pending));
    }
    if ((flags & 2U) != 0 && type && has_macs(*type)) {
        weft::copy_bytes(mac1_of(message, target.device.identity().public_key),
                         message.last(2 * wg::kMacSize));
    }
}

void check_answer(weft::ConstBytes datagram,
                  DropReason reason,
                  const wg::Actions& actions,
                  const Target& target) {
    const auto type = wg::classify(datagram);
    const bool signed_for_us =
        type && has_macs(*type) && mac1_valid(datagram, target.device.identity().public_key);
    // Nobody here has the peer's key, so nothing is ever accepted.
    WEFT_FUZZ_CHECK(reason != DropReason::kNone && actions.flushes.empty());
    WEFT_FUZZ_CHECK(actions.retired_sessions.empty());
    WEFT_FUZZ_CHECK(actions.datagrams.empty() || reason == DropReason::kCookieRequired);
    WEFT_FUZZ_CHECK(signed_for_us || actions.datagrams.empty());
    WEFT_FUZZ_CHECK(actions.datagrams.size() <= 1);
    for (const auto& answer : actions.datagrams) {
        WEFT_FUZZ_CHECK(answer.size == wg::kCookieReplySize && answer.size < datagram.size());
        WEFT_FUZZ_CHECK(answer.peer == nullptr);
    }
    WEFT_FUZZ_CHECK(target.device.indices().used() == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Target target;
    weft::fuzz::Input input{data, size};
    const std::uint8_t flags = input.u8();
    weft::fuzz::Buffer datagram = weft::fuzz::copy_of(input.rest());
    make_up(datagram, flags, target);

    target.time += std::chrono::milliseconds{1};
    wg::Actions actions;
    const weft::net::Path from{*weft::net::Endpoint::parse("192.0.2.1:51840"), {}, 0};
    const std::size_t depth = (flags & 1U) != 0 ? wg::kUnderLoadAt : 0;
    const DropReason reason =
        target.device.on_datagram(datagram, from, depth, {target.time, weft::WallTime{}}, actions);
    check_answer(datagram, reason, actions, target);
    return 0;
}
