// SPDX-License-Identifier: Apache-2.0
// Words that operators carry: tokens, requests, certificates. Their shape alone is looked at here;
// whether they are good the daemon finds out. They are never part of an error: some are secrets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "context.hpp"

namespace weft::cli {

struct WordShape {
    std::string_view prefix;  // "weft1_"
    std::string_view noun;    // "token"
    std::string_view remedy;  // where to get one
    std::size_t size_max;
};
/// The argument ("-": the first line of stdin), or a file.
struct WordSource {
    std::optional<std::string> argument;
    std::string file;
};

[[nodiscard]] bool is_word(std::string_view text, const WordShape& shape);
/// `text` without the white space around it. `where`: as in "in the argument".
[[nodiscard]] Result<std::string> check_word(std::string_view text,
                                             const WordShape& shape,
                                             const std::string& where);
/// Errors: neither is given, both are, the file's, no such word.
[[nodiscard]] Result<std::string> find_word(const Context& context,
                                            const WordSource& source,
                                            const WordShape& shape);

}  // namespace weft::cli
