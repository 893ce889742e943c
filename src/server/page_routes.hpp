// SPDX-License-Identifier: Apache-2.0
// The page: its files, which are built into weftd from page/*, and what it shows, one JSON
// document. A browser may take nothing but these from this server and nothing at all from
// elsewhere. Also the events alone, for the API. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weft/api/status.hpp>
#include <weft/base/clock.hpp>
#include <weft/control/log_sink.hpp>

#include "http_message.hpp"

namespace weft::server {

struct PageFile {
    std::string_view path;  // as it is asked for
    std::string_view content;
};

/// Made by CMake from page/*: "/" is index.html, "/page/NAME" each other one.
[[nodiscard]] std::span<const PageFile> page_files();
[[nodiscard]] const PageFile* find_page_file(std::string_view path);
[[nodiscard]] HttpResponse page_response(const PageFile& file);

inline constexpr std::string_view kMeshPath = "/page/mesh.json";
/// The status (api/status.schema.json) without public keys, which the page has no use for and whose
/// readers need no password; "now_ms", and "events":[{time_ms,level,event,fields,suppressed}], the
/// newest last.
[[nodiscard]] std::string mesh_json(const api::Status& status,
                                    const std::vector<control::LoggedEvent>& events,
                                    WallTime now);

/// {"api", "events"}, these as in mesh_json.
[[nodiscard]] std::string events_json(const std::vector<control::LoggedEvent>& events);

}  // namespace weft::server
