// SPDX-License-Identifier: Apache-2.0
// Runs a read- or write-like system call until a signal no longer interrupts it (signal(7)) and
// turns its -1/errno into an IoResult. Both ends of the packet's way; worker threads.
#pragma once

#include <cerrno>
#include <cstdint>

#include <sys/types.h>

#include <weft/sys/io_result.hpp>

namespace weft::sys {

template <class Call>
inline IoResult retry_interrupted(const Call& call) {
    for (;;) {
        const ssize_t result = call();
        if (result >= 0) {
            return {.size = static_cast<std::int32_t>(result), .error = 0};
        }
        if (errno != EINTR) {
            return {.size = 0, .error = errno};
        }
    }
}

}  // namespace weft::sys
