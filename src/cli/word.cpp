// SPDX-License-Identifier: Apache-2.0
// See word.hpp. One thread.
#include "word.hpp"

#include <cerrno>
#include <istream>

#include <fcntl.h>

#include <weft/base/encoding.hpp>
#include <weft/base/read_to_end.hpp>

namespace weft::cli {
namespace {

constexpr std::size_t kWordInputMax = 4096;  // of which white space is no part of the word

std::string read_line(std::istream& in) {
    std::string line;
    char c = 0;
    while (line.size() <= kWordInputMax && in.get(c) && c != '\n') {
        line += c;
    }
    return line;
}

}  // namespace

bool is_word(std::string_view text, const WordShape& shape) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return text.starts_with(shape.prefix) && text.size() <= shape.size_max &&
           text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

Result<std::string> check_word(std::string_view text,
                               const WordShape& shape,
                               const std::string& where) {
    const std::string_view word = trimmed(text);
    const std::string remedy{shape.remedy};
    if (word.empty()) {
        return invalid("no " + std::string{shape.noun} + " in " + where, remedy);
    }
    if (!is_word(word, shape)) {
        return invalid("what is in " + where + " is no " + std::string{shape.noun} +
                           ": one word that starts with " + std::string{shape.prefix},
                       remedy);
    }
    return std::string{word};
}

Result<std::string> find_word(const Context& context,
                              const WordSource& source,
                              const WordShape& shape) {
    const std::string noun{shape.noun};
    if (source.argument && !source.file.empty()) {
        return invalid("two of them: a " + noun + " as an argument and one in a file",
                       "give one of them");
    }
    if (source.argument == "-") {
        return check_word(read_line(context.terminal.in), shape, "standard input");
    }
    if (source.argument) {
        return check_word(*source.argument, shape, "the argument");
    }
    if (source.file.empty()) {
        return invalid("no " + noun + " is given", std::string{shape.remedy});
    }
    const UniqueFd file{::open(source.file.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file.valid()) {
        return errno_error(errno, "open " + source.file);
    }
    const auto text = read_to_end(file, kWordInputMax, source.file);
    return text ? check_word(*text, shape, source.file) : text.error();
}

}  // namespace weft::cli
