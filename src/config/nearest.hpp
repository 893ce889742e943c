// SPDX-License-Identifier: Apache-2.0
// The known word that a mistyped one was probably meant to be. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weft::config {

/// The word of `known` with the fewest edits (insert, remove, replace, swap of neighbours) to
/// `word`; empty when even that is too far to be a slip of the keyboard.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> known);

/// ", did you mean 'X'?", or " (known here: A, B, C)" when nothing is near.
[[nodiscard]] std::string hint(std::string_view word, std::span<const std::string_view> known);

}  // namespace weft::config
