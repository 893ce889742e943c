// SPDX-License-Identifier: Apache-2.0
// Broken invariants stop the program: WEFT_ASSERT always (control plane, set-up), WEFT_DCHECK in
// debug and sanitizer builds only (packet path).
#pragma once

namespace weft {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);
}  // namespace weft

#define WEFT_ASSERT(expression)          \
    ((expression) ? static_cast<void>(0) \
                  : ::weft::assertion_failed(#expression, __FILE__, __LINE__))

#ifdef NDEBUG
#define WEFT_DCHECK(expression) static_cast<void>(sizeof((expression) ? 1 : 0))
#else
#define WEFT_DCHECK(expression) WEFT_ASSERT(expression)
#endif
