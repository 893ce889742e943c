// SPDX-License-Identifier: Apache-2.0
// libFuzzer target (preset fuzz): any bytes as a datagram to the handshake lane's door, and as an
// inner packet. Under load and idle, with valid mac1 or without.
#include <cstddef>
#include <cstdint>
#include <vector>

#include <weft/crypto/blake2s.hpp>
#include <weft/net/ip_view.hpp>
#include <weft/wg/device.hpp>

namespace {

/// A device with a key and one peer, made once.
struct Target {
    Target() {
        weft::wg::Actions actions;
        weft::crypto::PrivateKey key = weft::crypto::generate_private_key(random);
        device.set_private_key(key, actions);
        const auto peer = weft::crypto::generate_private_key(random);
        [[maybe_unused]] const auto* tunnel = device.ensure_peer(weft::crypto::public_key_of(peer));
    }
    weft::SeededRandom random{1};
    weft::wg::Device device{random, 1};
    weft::Time time{std::chrono::seconds{1000}};
};

/// Gets past mac1, which no mutation would find.
void write_mac1(weft::Bytes message, const weft::crypto::PublicKey& to) {
    const auto label = weft::bytes_of("mac1----");
    const auto key = weft::crypto::blake2s(label, to.bytes);
    const std::size_t at = message.size() - 2 * weft::wg::kMacSize;
    weft::copy_bytes(weft::crypto::blake2s_mac(key, message.first(at)), message.subspan(at));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Target target;
    if (size < 1) {
        return 0;
    }
    const bool loaded = (data[0] & 1U) != 0;
    const bool sign = (data[0] & 2U) != 0;
    const auto* first = reinterpret_cast<const std::byte*>(data);
    std::vector<std::byte> bytes(first + 1, first + size);
    [[maybe_unused]] const auto ip = weft::net::IpView::parse(bytes);

    const auto type = weft::wg::classify(bytes);
    const bool has_macs =
        type == weft::wg::MessageType::kInitiation || type == weft::wg::MessageType::kResponse;
    if (sign && has_macs) {
        write_mac1(bytes, target.device.identity().public_key);
    }
    target.time += std::chrono::milliseconds{1};
    weft::wg::Actions actions;
    const weft::net::Path from{{*weft::net::IpAddress::parse("192.0.2.1"), 51840, 0}, {}, 0};
    const std::size_t depth = loaded ? weft::wg::kUnderLoadAt : 0;
    [[maybe_unused]] const auto dropped =
        target.device.on_datagram(bytes, from, depth, {target.time, weft::WallTime{}}, actions);
    return 0;
}
