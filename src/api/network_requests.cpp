// SPDX-License-Identifier: Apache-2.0
// What is asked of a node about its network: POST /v1/init, /v1/join and /v1/tokens. It comes from
// whoever may open the socket: a field that is not known is refused, or a misspelt one would leave
// its default in force; numbers are bounded here, the meaning of texts by those who use them. Pure;
// any thread.
#include <weft/api/network.hpp>

#include "json_reader.hpp"
#include "json_writer.hpp"

namespace weft::api {
namespace {

namespace json = boost::json;

}  // namespace

std::string to_json(const InitRequest& request) {
    return json::serialize(json::object{{"name", request.name},
                                        {"pool4", request.pool4},
                                        {"pool6", request.pool6},
                                        {"block4", nullable(request.block4)},
                                        {"block6", nullable(request.block6)}});
}

std::string to_json(const JoinRequest& request) {
    return json::serialize(json::object{{"token", request.token}, {"name", request.name}});
}

std::string to_json(const TokenRequest& request) {
    return json::serialize(json::object{{"name", request.name},
                                        {"from", request.from},
                                        {"replace", request.replace},
                                        {"uses", request.uses},
                                        {"lifetime_s", request.lifetime_s},
                                        {"ephemeral", request.ephemeral}});
}

Result<InitRequest> parse_init_request(std::string_view text) {
    return parse_document<InitRequest>(text, [](JsonReader& reader, InitRequest& request) {
        reader.allow_only({"name", "pool4", "pool6", "block4", "block6"});
        reader.read_if_there("name", request.name);
        reader.read_if_there("pool4", request.pool4);
        reader.read_if_there("pool6", request.pool6);
        reader.read_if_there("block4", request.block4, kBlock4Max);
        reader.read_if_there("block6", request.block6, kBlock6Max);
    });
}

Result<JoinRequest> parse_join_request(std::string_view text) {
    return parse_document<JoinRequest>(text, [](JsonReader& reader, JoinRequest& request) {
        reader.allow_only({"token", "name"});
        reader.read("token", request.token);
        reader.read_if_there("name", request.name);
        if (request.token.empty()) {
            reader.fail("token", "is empty");
        }
    });
}

Result<TokenRequest> parse_token_request(std::string_view text) {
    return parse_document<TokenRequest>(text, [](JsonReader& reader, TokenRequest& request) {
        reader.allow_only({"name", "from", "replace", "uses", "lifetime_s", "ephemeral"});
        reader.read_if_there("name", request.name);
        reader.read_if_there("from", request.from);
        reader.read_if_there("replace", request.replace);
        reader.read_if_there("uses", request.uses, kTokenUsesMax);
        reader.read_if_there("lifetime_s", request.lifetime_s, kTokenLifetimeMaxS);
        reader.read_if_there("ephemeral", request.ephemeral);
    });
}

}  // namespace weft::api
