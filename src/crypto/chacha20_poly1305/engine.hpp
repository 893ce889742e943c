// SPDX-License-Identifier: Apache-2.0
// What one instruction set brings to ChaCha20-Poly1305 (RFC 8439): one message by itself, and
// several together: side by side, one per 64-bit lane (column.hpp), or one after the other but for
// the blocks that would leave vectors half empty (rows.hpp). batch.cpp turns the door's jobs into
// these and decides which of the two; a kernel file sees plain pointers only, so that no inline
// function of the library is ever compiled for a newer CPU than the caller's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft::crypto::chacha20_poly1305 {

inline constexpr std::size_t kBlock = 64;  // of ChaCha20

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
/// `count` messages, 1 to Engine::most, the longest first.
using Many = void (*)(const Work* const* works, unsigned count);

struct Engine {
    One seal_one;
    One open_one;
    Many seal_many = nullptr;  // null: there is none
    Many open_many = nullptr;
    std::size_t most = 1;  // messages at once
    // Measured cost, in one unit of the engine's own choice: of many, by itself and per 128 bytes
    // of its longest message; of one, by itself and per 64 bytes. 0: two or more are always cheaper
    // together.
    std::size_t many_start = 0;
    std::size_t many_step = 0;
    std::size_t one_start = 0;
    std::size_t one_step = 0;
};

}  // namespace weft::crypto::chacha20_poly1305
