// SPDX-License-Identifier: Apache-2.0
// See report_parts.hpp. Tar: POSIX.1-1990, 10.1.1; pax(1), "ustar interchange format".
#include "report_parts.hpp"

#include <algorithm>
#include <cstring>

namespace weft::cli {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kTarNameMax = 100;
constexpr std::size_t kKeyInBase64 = 44;  // 32 bytes, the last character '='
constexpr std::size_t kKeyInHex = 64;

constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kHex = "0123456789abcdefABCDEF";

bool is_in_run(char c) {  // of base64, base64url or hexadecimal
    return kUpper.find(c) != std::string_view::npos || kLower.find(c) != std::string_view::npos ||
           (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '-' || c == '_';
}

/// "weft1_", "weftcert1_", ….
bool is_word_of_weft(std::string_view run) {
    const std::size_t begin = run.find("weft");
    if (begin == std::string_view::npos) {
        return false;
    }
    const std::string_view rest = run.substr(begin + 4);
    const std::size_t letters = rest.find_first_not_of(kLower);
    return letters != std::string_view::npos && rest.substr(letters).starts_with("1_");
}

/// What a run of such characters is replaced by; itself where it is nothing secret.
std::string cleared(std::string_view run, const std::set<std::string>& known) {
    if (is_word_of_weft(run)) {
        return "(a word of weft)";
    }
    const bool in_base64 = run.size() >= kKeyInBase64 && run.back() == '=';
    const bool in_hex =
        run.size() >= kKeyInHex && run.find_first_not_of(kHex) == std::string_view::npos;
    if ((in_base64 || in_hex) && !known.contains(std::string{run})) {
        return "(perhaps a key)";
    }
    return std::string{run};
}

/// In a field of N bytes, of which the last stays NUL.
template <std::size_t N>
void put_octal(std::string& header, std::size_t at, std::uint64_t value) {
    for (std::size_t digit = N - 1; digit > 0; --digit, value /= 8) {
        header[at + digit - 1] = static_cast<char>('0' + value % 8);
    }
}

std::string tar_header(const std::string& name, std::size_t size, std::int64_t unix_seconds) {
    std::string header(kBlock, '\0');
    const auto put = [&header](std::size_t at, std::string_view text) {
        header.replace(at, text.size(), text);
    };
    put(0, std::string_view{name}.substr(0, kTarNameMax));
    put_octal<8>(header, 100, 0600);
    put_octal<8>(header, 108, 0);
    put_octal<8>(header, 116, 0);
    put_octal<12>(header, 124, size);
    put_octal<12>(header, 136, static_cast<std::uint64_t>(std::max<std::int64_t>(0, unix_seconds)));
    put(148, "        ");  // counted as blanks
    put(156, "0");         // a file
    put(257,
        std::string_view{"ustar\0"
                         "00",
                         8});
    std::uint64_t sum = 0;
    for (const char c : header) {
        sum += static_cast<unsigned char>(c);
    }
    put_octal<7>(header, 148, sum);
    header[154] = '\0';
    return header;
}

}  // namespace

std::string redact(std::string_view text, const std::set<std::string>& known) {
    std::string out;
    while (!text.empty()) {
        const auto* const begin = std::find_if(text.begin(), text.end(), is_in_run);
        const auto* end = std::find_if_not(begin, text.end(), is_in_run);
        if (end != text.end() && *end == '=') {
            ++end;
        }
        out.append(text.begin(), begin);
        const auto size = static_cast<std::size_t>(end - begin);
        out += cleared(text.substr(static_cast<std::size_t>(begin - text.begin()), size), known);
        text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
    }
    return out;
}

std::string build_tar(const std::string& directory,
                      const std::vector<ReportFile>& files,
                      std::int64_t unix_seconds) {
    std::string tar;
    for (const ReportFile& file : files) {
        tar += tar_header(directory + "/" + file.name, file.text.size(), unix_seconds);
        tar += file.text;
        tar.append((kBlock - tar.size() % kBlock) % kBlock, '\0');
    }
    tar.append(2 * kBlock, '\0');
    return tar;
}

}  // namespace weft::cli
