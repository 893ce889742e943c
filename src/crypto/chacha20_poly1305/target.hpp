// SPDX-License-Identifier: Apache-2.0
// WEFT_TARGET("avx2"): everything after it in this file is compiled for that instruction set, and
// nothing before it. Flags for the whole file would do the same to inline functions of headers,
// which the linker then hands to callers on older CPUs. WEFT_TARGET_END closes it, at the end of
// the file.
#pragma once

#define WEFT_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define WEFT_TARGET(names) \
    WEFT_PRAGMA(clang attribute push(__attribute__((target(names))), apply_to = function))
#define WEFT_TARGET_END WEFT_PRAGMA(clang attribute pop)
#else
#define WEFT_TARGET(names) WEFT_PRAGMA(GCC push_options) WEFT_PRAGMA(GCC target(names))
#define WEFT_TARGET_END WEFT_PRAGMA(GCC pop_options)
#endif
