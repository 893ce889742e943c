// SPDX-License-Identifier: Apache-2.0
// The engines of this architecture, each in a file of its own; tables.cpp makes the door's tables
// of them.
#pragma once

#include "chacha20_poly1305/engine.hpp"

namespace weft::crypto::chacha20_poly1305 {

extern const Engine kPortableEngine;
#if defined(__x86_64__)
extern const Engine kSseEngine;
extern const Engine kAvx2Engine;
extern const Engine kAvx512Engine;
extern const Engine kAvx512IfmaEngine;
#elif defined(__aarch64__) || defined(__arm__)
extern const Engine kNeonEngine;
#endif

}  // namespace weft::crypto::chacha20_poly1305
