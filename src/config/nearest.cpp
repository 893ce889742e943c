// SPDX-License-Identifier: Apache-2.0
// Optimal string alignment distance (Damerau–Levenshtein without repeated edits of a part), three
// rows at a time. Words are short: keys of weft.toml. Any thread.
#include "nearest.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace weft::config {
namespace {

std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        above[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
            row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        before.swap(above);
        above.swap(row);
    }
    return above[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
    constexpr std::size_t kWordMax = 64;  // longer ones are no slip of the keyboard
    if (word.size() > kWordMax) {
        return {};
    }
    std::string_view best;
    std::size_t best_edits = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const std::string_view candidate : known) {
        const std::size_t distance = edits(word, candidate);
        if (distance < best_edits && distance < candidate.size()) {
            best = candidate;
            best_edits = distance;
        }
    }
    return best;
}

std::string hint(std::string_view word, std::span<const std::string_view> known) {
    const std::string_view near = nearest(word, known);
    if (!near.empty()) {
        return ", did you mean '" + std::string{near} + "'?";
    }
    std::string list;
    for (const std::string_view name : known) {
        list.append(list.empty() ? "" : ", ").append(name);
    }
    return " (known here: " + list + ")";
}

}  // namespace weft::config
