// SPDX-License-Identifier: Apache-2.0
// The Internet checksum (RFC 1071) of every segment that is cut from a super-packet or merged into
// one: the first touch of the payload, before the cipher. Data plane, worker threads.
//
// Everything works modulo 2^16 - 1, where 2^16 = 1, so words of any width may be added as long as
// no carry is lost; in native order, so there is no byte swap per word (RFC 1071, 2B).
#include <array>

#include <weft/base/endian.hpp>
#include <weft/net/checksum.hpp>

namespace weft::net {

namespace {

/// Two 64-bit lanes: SSE2 and NEON baseline registers; plain integers where there are neither.
using Lanes = std::uint64_t __attribute__((vector_size(16)));

constexpr std::size_t kStride = 4 * sizeof(Lanes);

template <class T>
T load_native(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

/// `sum` + `value` with the carry out of bit 63 added at the bottom (2^64 = 1).
std::uint64_t add_around(std::uint64_t sum, std::uint64_t value) {
    sum += value;
    return sum + static_cast<std::uint64_t>(sum < value);
}

/// 64 bits to at most 33, congruent.
std::uint64_t fold_once(std::uint64_t sum) {
    return (sum >> 32) + (sum & 0xffffffff);
}

/// Sums words w exactly with three cheap operations each: `all` is the sum of w modulo 2^64 and
/// `high` that of w >> 32. Below 2^30 words `high` cannot overflow, and all - high * 2^32 is the
/// sum of the low halves, which cannot either.
struct Accumulator {
    Lanes all{};
    Lanes high{};

    void add(Lanes words) {
        all += words;
        high += words >> 32;
    }
    void add(const Accumulator& other) {
        all += other.all;
        high += other.high;
    }
    [[nodiscard]] std::uint64_t fold() const {
        const Lanes halves = (all - (high << 32)) + high;
        return fold_once(halves[0] + halves[1]);
    }
};

}  // namespace

std::uint64_t checksum_add(std::uint64_t sum, ConstBytes data) {
    const std::byte* at = data.data();
    std::size_t left = data.size();

    if (left >= sizeof(Lanes)) {
        Accumulator even;
        Accumulator odd;
        for (; left >= kStride; left -= kStride, at += kStride) {
            even.add(load_native<Lanes>(at));
            odd.add(load_native<Lanes>(at + 16));
            even.add(load_native<Lanes>(at + 32));
            odd.add(load_native<Lanes>(at + 48));
        }
        for (; left >= sizeof(Lanes); left -= sizeof(Lanes), at += sizeof(Lanes)) {
            even.add(load_native<Lanes>(at));
        }
        even.add(odd);
        sum = add_around(sum, even.fold());
    }

    std::uint64_t tail = 0;  // under 16 bytes: cannot carry out of 64 bits
    if ((left & 8) != 0) {
        tail += fold_once(load_native<std::uint64_t>(at));
        at += 8;
    }
    if ((left & 4) != 0) {
        tail += load_native<std::uint32_t>(at);
        at += 4;
    }
    if ((left & 2) != 0) {
        tail += load_native<std::uint16_t>(at);
        at += 2;
    }
    if ((left & 1) != 0) {
        const std::array<std::byte, 2> padded{*at, std::byte{0}};
        tail += load_native<std::uint16_t>(padded.data());
    }
    return add_around(sum, tail);
}

std::uint16_t checksum_fold(std::uint64_t sum) {
    sum = fold_once(fold_once(sum));  // to 32 bits
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return static_cast<std::uint16_t>(sum);
}

std::uint64_t pseudo_header_sum(const IpView& ip, std::uint8_t protocol, std::uint32_t length) {
    // RFC 8200, 8.1. IPv4's (RFC 9293, 3.1) has the same words in narrower fields.
    ByteArray<8> tail{};
    store_be32(tail.data(), length);
    tail[7] = std::byte{protocol};
    const std::size_t address_size = ip.is_v4() ? 4 : 16;
    const ConstBytes addresses{ip.source_bytes(), 2 * address_size};  // the two lie side by side
    return checksum_add(checksum_add(0, addresses), tail);
}

void write_ipv4_checksum(Bytes header) {
    std::byte* const field = &header[10];
    store_checksum(field, 0);
    store_checksum(field, static_cast<std::uint16_t>(~checksum_fold(checksum_add(0, header))));
}

}  // namespace weft::net
