// SPDX-License-Identifier: Apache-2.0
// A hash table with one entry a place, the last one there. SipHash-2-4 (Aumasson and Bernstein,
// 2012) by libsodium. Handshake lane only.
#include <sodium.h>

#include <weft/base/endian.hpp>
#include <weft/wg/answered_sources.hpp>
#include <weft/wg/constants.hpp>

#include "source_name.hpp"

namespace weft::wg {
namespace {

using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, 16>>;
constexpr std::uint64_t kChance = 16;  // one in
constexpr auto kWindow = std::chrono::duration_cast<Ticks>(kAnswerAgainAfter).count();

/// Comes round in 68 minutes; what is as old as that by then has a chance of 2^-15 to be mistaken.
std::uint16_t tick_of(Time now) {
    return static_cast<std::uint16_t>(
        std::chrono::duration_cast<Ticks>(now.time_since_epoch()).count());
}

}  // namespace

bool AnsweredSources::may_answer(const net::Endpoint& source, ConstBytes mac1, Time now) const {
    return !contains(source, now) || hash(mac1) % kChance == 0;
}

bool AnsweredSources::contains(const net::Endpoint& source, Time now) const {
    if (places_ == nullptr) {
        return false;
    }
    const Place place = place_of(source);
    const std::uint32_t entry = places_[place.index];
    const auto age = static_cast<std::uint16_t>(tick_of(now) - (entry & 0xffff));
    return entry >> 16 == place.tag && age < kWindow;
}

void AnsweredSources::add(const net::Endpoint& source, Time now) {
    if (places_ == nullptr) {
        random_.fill(key_);
        places_ = std::make_unique<std::uint32_t[]>(std::size_t{1} << kPlaceBits);
    }
    const Place place = place_of(source);
    places_[place.index] = std::uint32_t{place.tag} << 16 | tick_of(now);
}

AnsweredSources::Place AnsweredSources::place_of(const net::Endpoint& source) const {
    const std::uint64_t bits = hash(SourceName{source}.view());
    return {static_cast<std::size_t>(bits >> (64 - kPlaceBits)),
            static_cast<std::uint16_t>(bits | 1)};
}

std::uint64_t AnsweredSources::hash(ConstBytes bytes) const {
    static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8);
    ByteArray<8> hash;
    crypto_shorthash(
        as_uchar(hash.data()), as_uchar(bytes.data()), bytes.size(), as_uchar(key_.data()));
    return load_le64(hash.data());
}

}  // namespace weft::wg
