// SPDX-License-Identifier: Apache-2.0
// weft-bench-flood: handshake initiations with a valid mac1 from spoofed IPv4 sources, each made
// anew, as fast as one core generates and sends them. What an attacker can do who knows a node's
// public key and nothing else: the responder pays a DH for each that it admits (WireGuard
// paper, 5.3). Frames go to the interface through a packet socket, past the queueing discipline.
// For a laboratory of network namespaces.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <weft/base/encoding.hpp>
#include <weft/base/endian.hpp>
#include <weft/base/random.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/crypto/blake2s.hpp>
#include <weft/crypto/x25519.hpp>
#include <weft/net/address.hpp>
#include <weft/wg/messages.hpp>

namespace {

using namespace weft;

constexpr std::size_t kIpHeader = 20;
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kMessageAt = ETH_HLEN + kIpHeader + kUdpHeader;
constexpr std::size_t kFrameSize = kMessageAt + wg::kInitiationSize;
constexpr std::size_t kBatch = 64;
constexpr std::uint16_t kSourcePort = 51840;

using Frame = ByteArray<kFrameSize>;

struct Options {
    std::string interface;
    ByteArray<ETH_ALEN> to_mac{};
    net::Endpoint to;
    net::Prefix sources;  // IPv4
    crypto::PublicKey key;
    std::chrono::milliseconds duration{0};
};

int usage() {
    std::cerr << "usage: weft-bench-flood INTERFACE TO_MAC TO_IPV4:PORT SOURCES_CIDR PUBLIC_KEY "
                 "MILLISECONDS\n"
                 "prints {\"sent\":n,\"seconds\":s}; exit 2: wrong arguments, 1: cannot send\n";
    return 2;
}

std::optional<Options> parse(const std::vector<std::string>& arguments) {
    if (arguments.size() != 6) {
        return std::nullopt;
    }
    Options options;
    options.interface = arguments[0];
    std::string mac = arguments[1];
    std::erase(mac, ':');
    const auto to = net::Endpoint::parse(arguments[2]);
    const auto sources = net::Prefix::parse(arguments[3]);
    options.duration = std::chrono::milliseconds{std::strtol(arguments[5].c_str(), nullptr, 10)};
    if (!from_hex(mac, options.to_mac) || !to || !to->address.is_v4() || !sources ||
        !sources->address.is_v4() || sources->length > 24 ||
        !from_base64(arguments[4], options.key.bytes) || options.duration.count() <= 0) {
        return std::nullopt;
    }
    options.to = *to;
    options.sources = sources->masked();
    return options;
}

/// Makes initiations that pass mac1 and fail at their first AEAD: who sends them has no static key.
class Forger {
  public:
    explicit Forger(const crypto::PublicKey& responder)
        : mac1_key_(crypto::blake2s(bytes_of("mac1----"), responder.bytes)) {}

    /// Another message than any before: a counter in the place of the ephemeral key, and its mac1.
    void renew(Bytes message) {
        store_le64(&message[kEphemeralAt], ++count_);
        copy_bytes(mac1_key_.mac(message.first(kMac1At)), message.subspan(kMac1At));
    }

  private:
    static constexpr std::size_t kEphemeralAt = 8;
    static constexpr std::size_t kMac1At = wg::kInitiationSize - 2 * wg::kMacSize;

    crypto::MacKey mac1_key_;
    std::uint64_t count_ = 0;
};

std::vector<Frame> build_frames(const Options& options) {
    SeededRandom random{1};
    std::vector<Frame> frames(kBatch);
    for (Frame& frame : frames) {
        copy_bytes(options.to_mac, frame);
        random.fill(Bytes{frame}.subspan(ETH_ALEN, ETH_ALEN));
        frame[ETH_ALEN] = std::byte{0x02};  // locally administered, unicast
        store_be16(&frame[2 * ETH_ALEN], ETH_P_IP);
        std::byte* ip = &frame[ETH_HLEN];
        ip[0] = std::byte{0x45};
        store_be16(ip + 2, kFrameSize - ETH_HLEN);
        ip[8] = std::byte{64};
        ip[9] = std::byte{IPPROTO_UDP};
        copy_bytes(options.to.address.bytes(), Bytes{ip + 16, 4});
        std::byte* udp = ip + kIpHeader;
        store_be16(udp, kSourcePort);
        store_be16(udp + 2, options.to.port);
        store_be16(udp + 4, kUdpHeader + wg::kInitiationSize);  // checksum 0: none (RFC 768)
        const Bytes message = Bytes{frame}.subspan(kMessageAt);
        random.fill(message);
        store_le32(message.data(), static_cast<std::uint32_t>(wg::MessageType::kInitiation));
        std::fill(message.end() - wg::kMacSize, message.end(), std::byte{});  // no mac2
    }
    return frames;
}

/// A new spoofed source in the frame.
void set_source(Frame& frame, std::uint32_t source) {
    std::byte* ip = &frame[ETH_HLEN];
    store_be32(ip + 12, source);
    store_be16(ip + 10, 0);
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at < kIpHeader; at += 2) {
        sum += load_be16(ip + at);
    }
    sum = (sum & 0xffffU) + (sum >> 16U);
    store_be16(ip + 10, static_cast<std::uint16_t>(~(sum + (sum >> 16U))));
}

UniqueFd open_interface(const std::string& name) {
    UniqueFd fd{::socket(AF_PACKET, SOCK_RAW, 0)};
    sockaddr_ll place{};
    place.sll_family = AF_PACKET;
    place.sll_protocol = htons(ETH_P_IP);
    place.sll_ifindex = static_cast<int>(::if_nametoindex(name.c_str()));
    const int yes = 1;
    if (!fd.valid() || place.sll_ifindex == 0 ||
        ::setsockopt(fd.get(), SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) != 0 ||
        ::bind(fd.get(), reinterpret_cast<sockaddr*>(&place), sizeof place) != 0) {
        std::perror("weft-bench-flood: packet socket");
        return {};
    }
    return fd;
}

/// Sends for the duration; the number of frames that the interface took.
std::uint64_t send_all(int fd, const Options& options, std::vector<Frame>& frames) {
    const std::uint32_t first = load_be32(options.sources.address.bytes().data());
    const std::uint32_t host_mask = ~std::uint32_t{0} >> options.sources.length;
    std::array<mmsghdr, kBatch> messages{};
    std::array<iovec, kBatch> parts{};
    std::uint64_t sent = 0;
    std::uint32_t host = 1;
    Forger forger{options.key};
    const auto until = std::chrono::steady_clock::now() + options.duration;
    while (std::chrono::steady_clock::now() < until) {
        for (std::size_t i = 0; i < kBatch; ++i) {
            Frame& frame = frames[i];
            forger.renew(Bytes{frame}.subspan(kMessageAt));
            host =
                host * 1664525U + 1013904223U;  // Numerical Recipes' generator: any spread will do
            set_source(frame, first | (host & host_mask));
            parts[i] = {frame.data(), frame.size()};
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        const int taken = ::sendmmsg(fd, messages.data(), kBatch, 0);
        sent += taken > 0 ? static_cast<std::uint64_t>(taken) : 0;
    }
    return sent;
}

}  // namespace

int main(int argc, char** argv) {
    const auto options = parse({argv + 1, argv + argc});
    if (!options) {
        return usage();
    }
    if (!crypto::initialize()) {
        return 1;
    }
    const UniqueFd fd = open_interface(options->interface);
    if (!fd.valid()) {
        return 1;
    }
    std::vector<Frame> frames = build_frames(*options);
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t sent = send_all(fd.get(), *options, frames);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cout << "{\"sent\":" << sent << ",\"seconds\":" << took.count() << "}\n";
    return sent > 0 ? 0 : 1;
}
