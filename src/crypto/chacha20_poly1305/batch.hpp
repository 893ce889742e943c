// SPDX-License-Identifier: Apache-2.0
// A batch of jobs on an engine: which messages go together and which by themselves.
#pragma once

#include <weft/crypto/aead.hpp>

#include "chacha20_poly1305/engine.hpp"

namespace weft::crypto::chacha20_poly1305 {

void seal_batch(const Engine& engine, std::span<const SealJob> jobs) noexcept;
void open_batch(const Engine& engine, std::span<OpenJob> jobs) noexcept;

}  // namespace weft::crypto::chacha20_poly1305
