// SPDX-License-Identifier: Apache-2.0
// {"error":{"code","cause","remedy"}}: how the daemon says no. Pure; any thread.

#include <weft/api/status.hpp>

#include "json_reader.hpp"

namespace weft::api {

std::string error_to_json(std::string_view code, const Error& error) {
    namespace json = boost::json;
    return json::serialize(json::object{
        {"error", json::object{{"code", code}, {"cause", error.cause}, {"remedy", error.remedy}}}});
}

Error parse_error(std::string_view json) {
    const auto code = std::make_error_code(std::errc::protocol_error);
    Error unclear{code, "weftd answered with an error that cannot be read", ""};
    const auto object = parse_object(json);
    if (!object) {
        return unclear;
    }
    std::optional<Error> failure;
    JsonReader reader{*object, "", failure};
    JsonReader inner = reader.child("error");
    Error error{code, "", ""};
    inner.read("cause", error.cause);
    inner.read("remedy", error.remedy);
    return failure ? unclear : error;
}

}  // namespace weft::api
