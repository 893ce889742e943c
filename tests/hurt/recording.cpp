// SPDX-License-Identifier: Apache-2.0
// See recording.hpp. Format: pcap-savefile(5), microseconds or nanoseconds, of this byte order.
#include "recording.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <weft/base/endian.hpp>
#include <weft/net/ip_view.hpp>
#include <weft/wg/messages.hpp>

namespace weft::hurt {
namespace {

constexpr std::size_t kFileHeader = 24;
constexpr std::size_t kRecordHeader = 16;
constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kUdpHeader = 8;

std::uint32_t load_native32(ConstBytes from) {
    std::uint32_t value = 0;
    std::memcpy(&value, from.data(), sizeof value);
    return value;
}

struct Datagram {
    net::Endpoint from;
    net::Endpoint to;
    ConstBytes payload;
};

bool parse(ConstBytes frame, Datagram& out) {
    if (frame.size() < kEthernetHeader) {
        return false;
    }
    const ConstBytes packet = frame.subspan(kEthernetHeader);
    const auto ip = net::IpView::parse(packet);
    if (!ip || ip->protocol() != net::kProtocolUdp ||
        ip->total_size() < ip->header_size() + kUdpHeader) {
        return false;
    }
    const ConstBytes udp = packet.subspan(ip->header_size(), ip->total_size() - ip->header_size());
    out.from = {ip->source(), load_be16(&udp[0]), 0};
    out.to = {ip->destination(), load_be16(&udp[2]), 0};
    out.payload = udp.subspan(kUdpHeader);
    return true;
}

void keep(const Datagram& datagram, const net::Endpoint& victim, Recording& out) {
    const auto type = wg::classify(datagram.payload);
    if (!type) {
        return;
    }
    const bool to_victim = datagram.to == victim;
    if (to_victim) {
        out.messages.emplace_back(datagram.payload.begin(), datagram.payload.end());
    }
    const bool initiation = *type == wg::MessageType::kInitiation;
    const bool response = *type == wg::MessageType::kResponse;
    std::size_t at = 4;  // receiver of data and cookie replies, sender of handshake messages
    if (to_victim && response) {
        at = 8;
    } else if (to_victim ? initiation : datagram.from != victim || (!initiation && !response)) {
        return;
    }
    out.indices.push_back(load_le32(&datagram.payload[at]));
}

}  // namespace

Recording read_recording(const std::filesystem::path& file, const net::Endpoint& victim) {
    std::ifstream stream{file, std::ios::binary};
    const std::vector<char> content{std::istreambuf_iterator<char>{stream}, {}};
    ConstBytes rest = std::as_bytes(std::span{content});
    if (rest.size() < kFileHeader ||
        (load_native32(rest) != 0xa1b2c3d4 && load_native32(rest) != 0xa1b23c4d)) {
        throw std::runtime_error(file.string() + " is no capture");
    }
    rest = rest.subspan(kFileHeader);
    Recording recording;
    while (rest.size() >= kRecordHeader) {
        const std::size_t size = load_native32(rest.subspan(8));
        rest = rest.subspan(kRecordHeader);
        const ConstBytes frame = rest.first(std::min(size, rest.size()));
        rest = rest.subspan(frame.size());
        Datagram datagram;
        if (parse(frame, datagram)) {
            keep(datagram, victim, recording);
        }
    }
    std::sort(recording.indices.begin(), recording.indices.end());
    recording.indices.erase(std::unique(recording.indices.begin(), recording.indices.end()),
                            recording.indices.end());
    return recording;
}

}  // namespace weft::hurt
