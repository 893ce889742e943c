// SPDX-License-Identifier: Apache-2.0
// See kept_lists.hpp. Pure; any thread.
#include <algorithm>
#include <optional>
#include <tuple>

#include <weft/discovery/kept_lists.hpp>
#include <weft/discovery/machines.hpp>

namespace weft::discovery {
namespace {

constexpr std::string_view kHeader = "weft-discovered 1";
constexpr std::string_view kSource = "source ";

Error damaged() {
    return Error{std::make_error_code(std::errc::bad_message),
                 "is damaged, or a newer weft's",
                 "remove it: the next answers make it anew"};
}

/// The text up to the next newline, which must be there.
std::optional<std::string_view> take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
}

}  // namespace

std::string to_text(const Lists& lists) {
    std::string text{kHeader};
    text += '\n';
    for (const auto& [source, addresses] : lists) {
        text.append(kSource).append(source) += '\n';
        for (const net::IpAddress& address : addresses) {
            text.append(address.to_string()) += '\n';
        }
    }
    return text;
}

Result<Lists> parse_lists(std::string_view text) {
    if (take_line(text) != kHeader) {
        return damaged();
    }
    Lists lists;
    auto current = lists.end();
    while (!text.empty()) {
        const auto line = take_line(text);
        if (line && line->substr(0, kSource.size()) == kSource) {
            bool is_new = false;
            std::tie(current, is_new) =
                lists.try_emplace(std::string{line->substr(kSource.size())});
            if (!is_new) {
                return damaged();
            }
            continue;
        }
        const auto address = line ? net::IpAddress::parse(*line) : std::nullopt;
        if (!address || !is_machines(*address) || current == lists.end()) {
            return damaged();
        }
        current->second.push_back(*address);
    }
    for (auto& [source, addresses] : lists) {
        std::sort(addresses.begin(), addresses.end());
        addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
    }
    return lists;
}

}  // namespace weft::discovery
