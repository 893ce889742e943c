// SPDX-License-Identifier: Apache-2.0
// Where WEFT_ASSERT and WEFT_DCHECK end: one line on stderr and a core. No logging library here,
// its invariants may be the broken ones. Any thread.
#include <cstdio>
#include <cstdlib>

#include <weft/base/assert.hpp>

namespace weft {

void assertion_failed(const char* expression, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
    std::abort();
}

}  // namespace weft
