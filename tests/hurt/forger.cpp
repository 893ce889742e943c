// SPDX-License-Identifier: Apache-2.0
// See forger.hpp. Message layout: WireGuard paper 5.4 (wg/messages.hpp draws it).
#include "forger.hpp"

#include <algorithm>

#include <weft/base/endian.hpp>
#include <weft/crypto/blake2s.hpp>
#include <weft/sys/udp_socket.hpp>
#include <weft/wg/messages.hpp>

namespace weft::hurt {
namespace {

constexpr std::size_t kDatagramMost = 1472;  // of an underlay of 1500: unfragmented
constexpr std::size_t kLargest = 65507;
constexpr std::uint64_t kLargeOneIn = 4096;  // trains

enum Kind : unsigned {
    kInitiation,
    kResponse,
    kCookieReply,
    kData,
    kReserved,
    kOffByOne,
    kRecorded,
    kKinds
};

std::size_t exact_size(unsigned type) {
    constexpr std::size_t kSizes[] = {
        wg::kInitiationSize, wg::kResponseSize, wg::kCookieReplySize, wg::kDataOverhead};
    return kSizes[(type - 1) % 4];
}

bool has_macs(std::size_t size) {
    return size == wg::kInitiationSize || size == wg::kResponseSize;
}

}  // namespace

Forger::Forger(std::uint64_t seed, const crypto::PublicKey& victim, Recording recording)
    : random_(seed),
      mac1_key_(crypto::blake2s(bytes_of("mac1----"), victim.bytes)),
      recording_(std::move(recording)) {}

void Forger::fill(Bytes out) {
    for (std::size_t i = 0; i < out.size(); i += sizeof(std::uint64_t)) {
        const std::uint64_t word = random_();
        std::memcpy(&out[i], &word, std::min(sizeof word, out.size() - i));
    }
}

/// Right more often than not, where the capture knows any.
std::uint32_t Forger::some_index() {
    return recording_.indices.empty() || one_in(3)
               ? static_cast<std::uint32_t>(random_())
               : recording_.indices[below(recording_.indices.size())];
}

/// Noise for a whole train, one in four with an odd tail.
void Forger::shape(Train& out, std::size_t segment, std::uint32_t most) {
    const std::size_t fits = segment == 0 ? 1 : sys::kTrainBytesMax / segment;
    const auto count = std::clamp<std::size_t>(most, 1, std::max<std::size_t>(fits, 1));
    std::size_t size = count * segment;
    if (count > 1 && one_in(4)) {
        size -= below(segment);
    }
    out.bytes.resize(size);
    out.segment = segment;
    out.with_mac1 = 0;
    fill(out.bytes);
}

void Forger::random(Train& out, std::uint32_t most) {
    shape(out, below(kDatagramMost + 1), most);
}

void Forger::of_size(Train& out, std::size_t size) {
    shape(out, size, 1);
    if (size >= 4) {
        store_le32(out.bytes.data(), static_cast<std::uint32_t>(1 + size % 4));
    }
    out.with_mac1 = has_macs(size) && signed_right(out.bytes) ? 1U : 0U;
}

void Forger::structured(Train& out, std::uint32_t most) {
    auto kind = static_cast<unsigned>(below(kKinds));
    if (kind == kRecorded && recording_.messages.empty()) {
        kind = kData;
    }
    std::size_t segment = 0;
    if (one_in(kLargeOneIn)) {
        kind = kData;
        segment = kDatagramMost + 1 + below(kLargest - kDatagramMost);
        most = 1;
    } else if (kind == kData) {
        segment = wg::kDataOverhead + below(kDatagramMost - wg::kDataOverhead + 1);
    } else if (kind == kRecorded) {
        segment = recording_.messages[below(recording_.messages.size())].size();
    } else if (kind == kReserved || kind == kOffByOne) {
        segment = exact_size(static_cast<unsigned>(1 + below(4))) +
                  (kind == kOffByOne ? below(3) : 1) - 1;
    } else {
        segment = exact_size(kind + 1);
    }
    shape(out, segment, most);
    for (std::size_t at = 0; at < out.bytes.size(); at += segment) {
        const Bytes message =
            Bytes{out.bytes}.subspan(at, std::min(segment, out.bytes.size() - at));
        forge(message, kind);
        out.with_mac1 += has_macs(message.size()) && signed_right(message) ? 1U : 0U;
    }
}

/// `message` is noise; it gets the head, the index and mostly the MAC1 of its kind.
void Forger::forge(Bytes message, unsigned kind) {
    if (kind == kRecorded) {
        forge_recorded(message);
        return;
    }
    if (message.size() < 12) {
        return;
    }
    auto type = static_cast<std::uint32_t>(kind + 1);
    if (kind == kReserved || kind == kOffByOne) {
        type = static_cast<std::uint32_t>(1 + below(4));
    }
    store_le32(message.data(), type);
    if (kind == kReserved) {
        message[1 + below(3)] = static_cast<std::byte>(1 + below(255));
    }
    store_le32(&message[type == kResponse + 1 ? 8 : 4], some_index());
    if (type == kData + 1 && message.size() >= wg::kDataHeaderSize && !one_in(4)) {
        store_le64(&message[8], below(1 << 20));  // a counter near the window
    }
    if (type <= kResponse + 1 && !one_in(8)) {
        sign(message);
    }
}

/// A real message, mostly with a few bits changed and MAC1 made good again, sometimes as it was.
void Forger::forge_recorded(Bytes message) {
    const auto& whole = recording_.messages[below(recording_.messages.size())];
    const std::size_t size = std::min(message.size(), whole.size());
    copy_bytes(ConstBytes{whole}.first(size), message);
    if (one_in(8)) {
        return;
    }
    for (std::uint64_t flips = 1 + below(3); flips > 0; --flips) {
        message[below(message.size())] ^= static_cast<std::byte>(1U << below(8));
    }
    if (!one_in(4)) {
        sign(message);
    }
}

/// False for what has no MACs.
bool Forger::sign(Bytes message) const {
    if (!has_macs(message.size())) {
        return false;
    }
    const std::size_t at = message.size() - 2 * wg::kMacSize;
    copy_bytes(crypto::blake2s_mac(mac1_key_, message.first(at)), message.subspan(at));
    return true;
}

bool Forger::signed_right(ConstBytes message) const {
    const std::size_t at = message.size() - 2 * wg::kMacSize;
    const auto mac = crypto::blake2s_mac(mac1_key_, message.first(at));
    return wg::classify(message) &&
           std::equal(mac.begin(), mac.end(), message.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace weft::hurt
