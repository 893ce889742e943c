// SPDX-License-Identifier: Apache-2.0
// The ledger's events and their one encoding as journal records (ledger.hpp has the frame).
//
//   1 token created    id 8, key 32, created u64, expiry u64, uses u32, flags u8 (1 ephemeral, 2
//   from,
//                      4 replaces), name, [from: length u8, address], [replaces: key 32]
//   2 token used       use            (in snapshots; else it is part of 4)
//   3 token withdrawn  id 8
//   4 granted          u8 whether by a token, [use], revocation, certificate u16 + bytes
//   5 revoked          revocation
//   6 counter          u32: serials below it are taken
//
//   use: id 8, identity key 32, time u64, source, wanted · name, wanted: u8 + bytes · source:
//   family u8 + 4 or 16 revocation: u8 (0 none, 1 by a clock that was not trusted, 2 by one that
//   was), u16 + bytes unless none
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include <weft/issuer/ledger.hpp>

namespace weft::issuer::journal {

inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::size_t kHeaderSize = 4;
inline constexpr std::size_t kChecksumSize = 4;
inline constexpr std::size_t kPayloadMax = 1'024;

struct TokenCreated {
    TokenId id{};
    Ledger::Token token;  // neither used nor withdrawn
};
struct TokenUsed {
    TokenId id{};
    Ledger::Use use;
};
struct TokenWithdrawn {
    TokenId id{};
};
struct Revoked {
    std::vector<std::byte> bytes;
    bool dated = true;  // by a clock that was trusted
};
struct Granted {
    std::optional<TokenUsed> by;
    std::optional<Revoked> revoked;  // --replace: the one whose blocks it has
    std::vector<std::byte> certificate;
};
struct Counter {
    std::uint32_t next = 1;
};
using Event = std::variant<TokenCreated, TokenUsed, TokenWithdrawn, Granted, Revoked, Counter>;

/// A whole record.
[[nodiscard]] std::vector<std::byte> encode(const Event& event);

struct Read {
    std::vector<Event> events;
    std::size_t size = 0;  // of their records
};
/// All records up to the end, or up to a torn tail: something unreadable with no whole record
/// behind it. Errors name the record, its place and what to do.
[[nodiscard]] Result<Read> read(ConstBytes journal);

}  // namespace weft::issuer::journal
