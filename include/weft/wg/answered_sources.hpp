// SPDX-License-Identifier: Apache-2.0
// Who was sent a cookie of late. An initiator tries again after kRekeyTimeout, so within that time
// it needs no other one; and whoever's address is forged gets a trickle and not the flood's echo.
// Of fixed size and forgetful: a source that is forgotten early is answered again. Handshake lane
// only.
#pragma once

#include <cstdint>
#include <memory>

#include <weft/base/bytes.hpp>
#include <weft/base/clock.hpp>
#include <weft/base/random.hpp>
#include <weft/net/address.hpp>

namespace weft::wg {

class AnsweredSources {
  public:
    /// `random` keys the hash, so that no stranger can choose whom to displace.
    explicit AnsweredSources(RandomSource& random) : random_(random) {}

    /// Whether a message of `source` is to be answered: nothing was of late, or by a chance of 1 in
    /// 16 that its mac1 decides, so that nobody is shut out for good by what is sent in its name.
    [[nodiscard]] bool may_answer(const net::Endpoint& source, ConstBytes mac1, Time now) const;
    /// Wrong once in 2^15 for a source that shares its place with one that was added.
    [[nodiscard]] bool contains(const net::Endpoint& source, Time now) const;
    void add(const net::Endpoint& source, Time now);

  private:
    static constexpr unsigned kPlaceBits = 19;  // 2 MiB, from the first add on

    struct Place {
        std::size_t index;
        std::uint16_t tag;  // of the source, not 0
    };
    [[nodiscard]] Place place_of(const net::Endpoint& source) const;
    [[nodiscard]] std::uint64_t hash(ConstBytes bytes) const;

    RandomSource& random_;
    ByteArray<16> key_{};
    std::unique_ptr<std::uint32_t[]> places_;  // tag << 16 | when
};

}  // namespace weft::wg
