// SPDX-License-Identifier: Apache-2.0
// What one instruction set brings to ChaCha20-Poly1305 (RFC 8439): one message spread over the
// vector lanes ("row"), and several messages side by side, one per 64-bit lane ("column").
// batch.cpp turns the door's jobs into these and decides which of the two; a kernel file sees plain
// pointers only, so that no inline function of the library is ever compiled for a newer CPU than
// the caller's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft::crypto::chacha20_poly1305 {

inline constexpr unsigned kBlock = 64;  // of ChaCha20

/// One message. Its text is head ‖ payload ‖ zeros up to `size`; the result goes to `out`, the tag
/// to `tag`. Opening: no head, no pad, payload == out.
struct Work {
    const std::uint8_t* key;
    std::uint64_t nonce;
    const std::uint8_t* head;
    const std::uint8_t* payload;
    std::uint8_t* out;
    std::uint8_t* tag;
    std::size_t head_size;
    std::size_t payload_size;
    std::size_t size;
};

using One = void (*)(const Work& work);
/// `count` messages, 1 to `lanes`. Time goes with the longest.
using Column = void (*)(const Work* const* works, unsigned count);

struct Engine {
    One seal_one;
    One open_one;
    Column seal_column;  // null: there is no such shape
    Column open_column;
    unsigned lanes;  // messages in a column
    // Measured cost, in one unit of the engine's own choice: of a column, by itself and per 128
    // bytes of its longest message; of one message, by itself and per 64 bytes.
    unsigned column_start;
    unsigned column_step;
    unsigned one_start;
    unsigned one_step;
};

}  // namespace weft::crypto::chacha20_poly1305
