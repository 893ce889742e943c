// SPDX-License-Identifier: Apache-2.0
// Where a stretch of a message's text is: straight in the payload, or to be gathered from head,
// payload and pad. Branches on lengths only, which are public.
//
// Included by kernel files after their target pragma; everything is local to the file.
#pragma once

#include <cstring>

#include "chacha20_poly1305/engine.hpp"

// On functions that hold vectors, and on those that read or write what lies in such frames. GCC
// 12's AddressSanitizer aligns the frames that it moves to the heap to 32 bytes, which 64-byte
// vectors do not survive (GCC bug 110027); clang's checks these functions too, in the fuzz target.
#if defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#include <sanitizer/asan_interface.h>
#define WEFT_FRAME __attribute__((no_sanitize_address))
// Before the C library's functions write to a variable of such a frame: where it lies, another
// function's variables may still be marked as out of scope.
#define WEFT_IN_SCOPE(at, size) __asan_unpoison_memory_region(at, size)
#else
#define WEFT_FRAME
#define WEFT_IN_SCOPE(at, size) static_cast<void>(0)
#endif
#define WEFT_KERNEL WEFT_FRAME inline __attribute__((always_inline))
// Before loops over the elements of an array of vectors: unless they are unrolled, the array is in
// memory and not in registers.
#if defined(__clang__)
#define WEFT_UNROLL _Pragma("unroll")
#else
#define WEFT_UNROLL _Pragma("GCC unroll 16")
#endif

namespace weft::crypto::chacha20_poly1305 {
namespace {

inline std::size_t at_most(std::size_t value, std::size_t limit) {
    return value < limit ? value : limit;
}

inline std::size_t at_least(std::size_t value, std::size_t limit) {
    return value > limit ? value : limit;
}

/// A stretch of a message's text that is not all payload.
struct Stretch {
    const std::uint8_t* head;
    const std::uint8_t* payload;
    std::size_t head_size;
    std::size_t payload_size;
};

/// What [from, from + size) of the text, within the message, takes from head and payload; the rest
/// is pad.
WEFT_FRAME inline Stretch stretch_of(const Work& work, std::size_t from, std::size_t size) {
    const std::size_t head = work.head_size > from ? at_most(work.head_size - from, size) : 0;
    const std::size_t begin = from + head - work.head_size;  // in the payload
    const std::size_t rest = work.payload_size > begin ? work.payload_size - begin : 0;
    return {work.head + (head != 0 ? from : 0),
            work.payload + (rest != 0 ? begin : 0),
            head,
            at_most(rest, size - head)};
}

WEFT_FRAME inline bool is_in_payload(const Work& work, std::size_t from, std::size_t size) {
    return from >= work.head_size && from + size <= work.head_size + work.payload_size;
}

/// For vector sets without masked loads and stores.
struct Copies {
    /// A stretch of up to 64 bytes, and zeros up to 64.
    WEFT_FRAME static inline void gather(std::uint8_t* to, const Stretch& stretch) {
        WEFT_IN_SCOPE(to, kBlock);
        std::memset(to, 0, kBlock);
        if (stretch.head_size != 0) {
            std::memcpy(to, stretch.head, stretch.head_size);
        }
        std::memcpy(to + stretch.head_size, stretch.payload, stretch.payload_size);
    }
    /// The first `size` of the 64 bytes at `from`; the others become zeros there.
    WEFT_FRAME static inline void scatter(std::uint8_t* to, std::uint8_t* from, std::size_t size) {
        std::memcpy(to, from, size);
        std::memset(from + size, 0, kBlock - size);
    }
};

}  // namespace
}  // namespace weft::crypto::chacha20_poly1305
