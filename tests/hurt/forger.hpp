// SPDX-License-Identifier: Apache-2.0
// Hostile datagrams, by the train: noise, and what looks like WireGuard up to the point where only
// the keys could tell. Everything comes from the seed.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include <weft/crypto/x25519.hpp>

#include "recording.hpp"

namespace weft::hurt {

/// Datagrams of `segment` bytes each, the last perhaps shorter, for one GSO send.
struct Train {
    std::vector<std::byte> bytes;
    std::size_t segment = 0;
    std::uint32_t with_mac1 = 0;  // those whose MAC1 is right for the victim

    [[nodiscard]] std::uint32_t count() const {
        return segment == 0 ? 1
                            : static_cast<std::uint32_t>((bytes.size() + segment - 1) / segment);
    }
};

class Forger {
  public:
    Forger(std::uint64_t seed, const crypto::PublicKey& victim, Recording recording);

    /// Both replace all of `out`, at most `most` (≥ 1) datagrams.
    void random(Train& out, std::uint32_t most);
    void structured(Train& out, std::uint32_t most);

    /// One datagram of exactly `size` bytes with the type and length that a receiver looks at
    /// first.
    void of_size(Train& out, std::size_t size);

  private:
    void fill(Bytes out);
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    [[nodiscard]] bool one_in(std::uint64_t n) { return below(n) == 0; }
    [[nodiscard]] std::uint32_t some_index();
    void shape(Train& out, std::size_t segment, std::uint32_t most);
    void forge(Bytes message, unsigned kind);
    void forge_recorded(Bytes message);
    bool sign(Bytes message) const;
    [[nodiscard]] bool signed_right(ConstBytes message) const;

    std::mt19937_64 random_;
    ByteArray<32> mac1_key_;
    Recording recording_;
};

}  // namespace weft::hurt
