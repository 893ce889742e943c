// SPDX-License-Identifier: Apache-2.0
// weft-bench-gossip-flood: what a stranger can throw at a node's gossip, at a given rate: a third
// noise with the first byte of gossip's datagrams, a third datagrams of a capture (tcpdump -w) as
// they were, a third of those with one bit changed. For a laboratory of network namespaces.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

#include <weft/base/endian.hpp>
#include <weft/base/random.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/gossip/messages.hpp>
#include <weft/net/address.hpp>

#include "place.hpp"

namespace {

using namespace weft;
using Clock = std::chrono::steady_clock;
using Datagram = std::vector<std::byte>;

constexpr std::size_t kBatch = 48;     // datagrams of one sendmmsg
constexpr std::size_t kPrepared = 64;  // batches, sent in turn
constexpr std::size_t kNoiseMin = 40;
// pcap-savefile(5), Ethernet, IPv4 without options, UDP.
constexpr std::size_t kFileHeader = 24;
constexpr std::size_t kRecordHeader = 16;
constexpr std::size_t kCapturedAt = 8;  // in a record's header: the length kept, little-endian
constexpr std::size_t kPayloadAt = 14 + 20 + 8;

int usage() {
    std::cerr << "usage: weft-bench-gossip-flood CAPTURE TO_IPV4:PORT PER_SECOND MILLISECONDS\n"
                 "prints {\"sent\":n,\"seconds\":s}; exit 2: wrong arguments, 1: no gossip in the "
                 "capture, or cannot send\n";
    return 2;
}

std::vector<Datagram> read_capture(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    const std::vector<char> text{std::istreambuf_iterator<char>{file}, {}};
    const ConstBytes all = std::as_bytes(std::span{text});
    std::vector<Datagram> found;
    for (std::size_t at = kFileHeader; at + kRecordHeader <= all.size();) {
        const std::size_t size = load_le32(&all[at + kCapturedAt]);
        at += kRecordHeader;
        if (size > all.size() - at) {
            break;
        }
        const ConstBytes frame = all.subspan(at, size);
        at += size;
        if (size > kPayloadAt && gossip::is_gossip(frame.subspan(kPayloadAt))) {
            const ConstBytes payload = frame.subspan(kPayloadAt);
            found.emplace_back(payload.begin(), payload.end());
        }
    }
    return found;
}

Datagram noise(SeededRandom& random) {
    Datagram datagram(kNoiseMin + random.below(gossip::kDatagramSizeMax - kNoiseMin));
    random.fill(datagram);
    datagram[0] = static_cast<std::byte>(gossip::kDatagramTypesFirst + random.below(8U));
    return datagram;
}

Datagram forged(const Datagram& genuine, SeededRandom& random) {
    Datagram datagram = genuine;
    const std::size_t at = 1 + random.below(datagram.size() - 1);
    datagram[at] ^= std::byte{1} << random.below(8U);
    return datagram;
}

std::vector<Datagram> prepare(const std::vector<Datagram>& genuine) {
    SeededRandom random{1};
    std::vector<Datagram> all;
    for (std::size_t i = 0; i < kBatch * kPrepared / 3; ++i) {
        const Datagram& one = genuine[random.below(genuine.size())];
        all.push_back(noise(random));
        all.push_back(one);
        all.push_back(forged(one, random));
    }
    return all;
}

/// Sends for the duration; the number of datagrams that the socket took.
std::uint64_t send_all(int fd,
                       std::vector<Datagram>& datagrams,
                       double per_second,
                       std::chrono::milliseconds duration) {
    std::array<mmsghdr, kBatch> messages{};
    std::array<iovec, kBatch> parts{};
    std::uint64_t sent = 0;
    std::size_t next = 0;
    const auto start = Clock::now();
    while (Clock::now() - start < duration) {
        for (std::size_t i = 0; i < kBatch; ++i, next = (next + 1) % datagrams.size()) {
            parts[i] = {datagrams[next].data(), datagrams[next].size()};
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        const int taken = ::sendmmsg(fd, messages.data(), kBatch, 0);
        sent += taken > 0 ? static_cast<std::uint64_t>(taken) : 0;
        const std::chrono::duration<double> due{static_cast<double>(sent) / per_second};
        std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(due));
    }
    return sent;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments{argv + 1, argv + argc};
    if (arguments.size() != 4) {
        return usage();
    }
    const auto to = net::Endpoint::parse(arguments[1]);
    const double per_second = std::strtod(arguments[2].c_str(), nullptr);
    const std::chrono::milliseconds duration{std::strtol(arguments[3].c_str(), nullptr, 10)};
    if (!to || !to->address.is_v4() || per_second <= 0 || duration.count() <= 0) {
        return usage();
    }
    const std::vector<Datagram> genuine = read_capture(arguments[0]);
    if (genuine.empty()) {
        std::cerr << "weft-bench-gossip-flood: no gossip in " << arguments[0] << '\n';
        return 1;
    }
    const UniqueFd fd{::socket(AF_INET, SOCK_DGRAM, 0)};
    const sockaddr_in place = place_of(to->address, to->port);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0) {
        std::perror("weft-bench-gossip-flood: connect");
        return 1;
    }
    std::vector<Datagram> datagrams = prepare(genuine);
    const auto start = Clock::now();
    const std::uint64_t sent = send_all(fd.get(), datagrams, per_second, duration);
    const std::chrono::duration<double> took = Clock::now() - start;
    std::cout << "{\"sent\":" << sent << ",\"seconds\":" << took.count() << "}\n";
    return sent > 0 ? 0 : 1;
}
