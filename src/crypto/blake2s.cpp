// SPDX-License-Identifier: Apache-2.0
// BLAKE2s, RFC 7693 sections 2 and 3 in their order: constants, G, F, then the incremental hash.
// Hashes transcripts and MACs of handshake messages; nothing per data packet. Any thread.
#include <algorithm>
#include <bit>
#include <utility>

#include <sodium.h>

#include <weft/base/assert.hpp>
#include <weft/base/endian.hpp>
#include <weft/crypto/blake2s.hpp>

namespace weft::crypto {

namespace {

constexpr std::size_t kBlockSize = 64;
constexpr std::size_t kRounds = 10;

// 2.6: the initialization vector of SHA-256.
constexpr std::array<std::uint32_t, 8> kIv{
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

// 2.7: message schedule.
constexpr std::array<std::array<std::uint8_t, 16>, kRounds> kSigma{{
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
}};

using Words = std::array<std::uint32_t, 16>;

// 3.1: mixes two message words into four words of the work vector.
template <std::size_t A, std::size_t B, std::size_t C, std::size_t D>
[[gnu::always_inline]] inline void mix(Words& v, std::uint32_t x, std::uint32_t y) {
    v[A] += v[B] + x;
    v[D] = std::rotr(v[D] ^ v[A], 16);
    v[C] += v[D];
    v[B] = std::rotr(v[B] ^ v[C], 12);
    v[A] += v[B] + y;
    v[D] = std::rotr(v[D] ^ v[A], 8);
    v[C] += v[D];
    v[B] = std::rotr(v[B] ^ v[C], 7);
}

// 3.2: one round, its indices known to the compiler, so that the work vector stays in registers.
template <std::size_t Round>
[[gnu::always_inline]] inline void mix_round(Words& v, const Words& message) {
    constexpr auto& kWord = kSigma[Round];
    mix<0, 4, 8, 12>(v, message[kWord[0]], message[kWord[1]]);
    mix<1, 5, 9, 13>(v, message[kWord[2]], message[kWord[3]]);
    mix<2, 6, 10, 14>(v, message[kWord[4]], message[kWord[5]]);
    mix<3, 7, 11, 15>(v, message[kWord[6]], message[kWord[7]]);
    mix<0, 5, 10, 15>(v, message[kWord[8]], message[kWord[9]]);
    mix<1, 6, 11, 12>(v, message[kWord[10]], message[kWord[11]]);
    mix<2, 7, 8, 13>(v, message[kWord[12]], message[kWord[13]]);
    mix<3, 4, 9, 14>(v, message[kWord[14]], message[kWord[15]]);
}

template <std::size_t... Round>
[[gnu::always_inline]] inline void mix_rounds(Words& v,
                                              const Words& message,
                                              std::index_sequence<Round...>) {
    (mix_round<Round>(v, message), ...);
}

}  // namespace

Blake2s::Blake2s(std::size_t output_size, ConstBytes key) : output_size_(output_size) {
    WEFT_ASSERT(output_size >= 1 && output_size <= kHashSize && key.size() <= kHashSize);
    // 2.8: parameter block of sequential hashing, its first word only; the others are zero.
    const std::size_t parameters = 0x01010000 ^ (key.size() << 8) ^ output_size;
    state_ = kIv;
    state_[0] ^= static_cast<std::uint32_t>(parameters);
    if (!key.empty()) {
        copy_bytes(key, buffer_);
        buffered_ = kBlockSize;
    }
}

Blake2s::~Blake2s() {
    sodium_memzero(state_.data(), sizeof state_);
    sodium_memzero(buffer_.data(), buffer_.size());
}

Blake2s& Blake2s::update(ConstBytes data) {
    while (!data.empty()) {
        // A full block waits for the next byte: the last block is compressed by finish().
        if (buffered_ == kBlockSize) {
            compress(buffer_.data(), false);
            buffered_ = 0;
        }
        const std::size_t taken = std::min(data.size(), kBlockSize - buffered_);
        copy_bytes(data.first(taken), Bytes{buffer_}.subspan(buffered_));
        buffered_ += taken;
        data = data.subspan(taken);
    }
    return *this;
}

void Blake2s::finish(Bytes out) {
    WEFT_ASSERT(out.size() == output_size_);
    std::fill(buffer_.begin() + static_cast<std::ptrdiff_t>(buffered_), buffer_.end(), std::byte{});
    compress(buffer_.data(), true);
    Hash words;
    for (std::size_t i = 0; i < state_.size(); ++i) {
        store_le32(&words[4 * i], state_[i]);
    }
    copy_bytes(ConstBytes{words}.first(output_size_), out);
    sodium_memzero(words.data(), words.size());
}

// 3.2
void Blake2s::compress(const std::byte* block, bool last) {
    counted_ += last ? buffered_ : kBlockSize;

    Words message;
    for (std::size_t i = 0; i < message.size(); ++i) {
        message[i] = load_le32(block + 4 * i);
    }
    Words v;
    std::copy(state_.begin(), state_.end(), v.begin());
    std::copy(kIv.begin(), kIv.end(), v.begin() + 8);
    v[12] ^= static_cast<std::uint32_t>(counted_);
    v[13] ^= static_cast<std::uint32_t>(counted_ >> 32);
    v[14] ^= last ? 0xffffffff : 0;

    mix_rounds(v, message, std::make_index_sequence<kRounds>{});
    for (std::size_t i = 0; i < state_.size(); ++i) {
        state_[i] ^= v[i] ^ v[i + 8];
    }
    sodium_memzero(message.data(), sizeof message);
    sodium_memzero(v.data(), sizeof v);
}

Hash blake2s(ConstBytes a, ConstBytes b) {
    Hash hash;
    Blake2s{}.update(a).update(b).finish(hash);
    return hash;
}

ByteArray<16> blake2s_mac(ConstBytes key, ConstBytes data) {
    ByteArray<16> mac;
    Blake2s{mac.size(), key}.update(data).finish(mac);
    return mac;
}

MacKey::MacKey(ConstBytes key) {
    Blake2s hash{ByteArray<16>{}.size(), key};
    hash.compress(hash.buffer_.data(), false);
    state_ = hash.state_;
}

MacKey::~MacKey() {
    sodium_memzero(state_.data(), sizeof state_);
}

ByteArray<16> MacKey::mac(ConstBytes data) const {
    WEFT_ASSERT(!data.empty());  // else the key's block were the last
    ByteArray<16> mac;
    Blake2s hash{mac.size()};
    hash.state_ = state_;
    hash.counted_ = kBlockSize;
    hash.update(data).finish(mac);
    return mac;
}

}  // namespace weft::crypto
