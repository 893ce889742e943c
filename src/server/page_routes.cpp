// SPDX-License-Identifier: Apache-2.0
// See page_routes.hpp. Pure; any thread.
#include "page_routes.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <boost/json.hpp>

namespace weft::server {
namespace {

namespace json = boost::json;

constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view type_of(std::string_view path) {
    constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"}};
    for (const auto& [ending, type] : kTypes) {
        if (path.ends_with(ending)) {
            return type;
        }
    }
    return "text/html; charset=utf-8";
}

std::int64_t unix_ms(WallTime time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

json::object event_json(const control::LoggedEvent& event) {
    json::object fields;
    for (const auto& [key, value] : event.fields) {
        fields[key] = value;
    }
    return {{"time_ms", unix_ms(event.time)},
            {"level", to_string(event.level)},
            {"event", event.name},
            {"fields", std::move(fields)},
            {"suppressed", event.suppressed}};
}

json::array events_array(const std::vector<control::LoggedEvent>& events) {
    json::array told;
    for (const control::LoggedEvent& event : events) {
        told.emplace_back(event_json(event));
    }
    return told;
}

}  // namespace

const PageFile* find_page_file(std::string_view path) {
    const auto files = page_files();
    const auto found = std::find_if(
        files.begin(), files.end(), [&](const PageFile& file) { return file.path == path; });
    return found == files.end() ? nullptr : &*found;
}

HttpResponse page_response(const PageFile& file) {
    return {200,
            std::string{file.content},
            {},
            std::string{type_of(file.path)},
            std::string{kPagePolicy}};
}

std::string mesh_json(const api::Status& status,
                      const std::vector<control::LoggedEvent>& events,
                      WallTime now) {
    json::object mesh = json::parse(api::to_json(status)).as_object();
    mesh["node"].as_object().erase("public_key");
    for (json::value& peer : mesh["peers"].as_array()) {
        peer.as_object().erase("public_key");
    }
    mesh["now_ms"] = unix_ms(now);
    mesh["events"] = events_array(events);
    return json::serialize(mesh);
}

std::string events_json(const std::vector<control::LoggedEvent>& events) {
    return json::serialize(
        json::object{{"api", api::kApiVersion}, {"events", events_array(events)}});
}

}  // namespace weft::server
