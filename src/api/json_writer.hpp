// SPDX-License-Identifier: Apache-2.0
// Values that several documents write: what may be null, and lists. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>

namespace weft::api {

template <class T>
[[nodiscard]] boost::json::value nullable(const std::optional<T>& value) {
    return value ? boost::json::value(*value) : boost::json::value(nullptr);
}

[[nodiscard]] inline boost::json::array strings(const std::vector<std::string>& values) {
    boost::json::array out;
    for (const std::string& value : values) {
        out.emplace_back(value);
    }
    return out;
}

/// An object each, by `write`.
template <class T, class Write>
[[nodiscard]] boost::json::array objects(const std::vector<T>& values, Write write) {
    boost::json::array out;
    for (const T& value : values) {
        out.emplace_back(write(value));
    }
    return out;
}

}  // namespace weft::api
