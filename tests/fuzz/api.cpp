// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any text as JSON of the daemon's API, as the client reads it (status, peers, a
// ping's answer, a network's documents, an error) and as the server does (requests). What can be
// read prints as text that reads back the same, and requests are within their limits.
#include <string>

#include <weft/api/gossip.hpp>
#include <weft/api/network.hpp>
#include <weft/api/network_keys.hpp>
#include <weft/api/status.hpp>

#include "fuzz.hpp"

namespace {

namespace api = weft::api;

template <class Read, class Print>
void check_round_trip(std::string_view text, Read read, Print print) {
    const auto value = read(text);
    if (!value) {
        WEFT_FUZZ_CHECK(!value.error().cause.empty());
        return;
    }
    const std::string printed = print(*value);
    const auto again = read(printed);
    WEFT_FUZZ_CHECK(again && print(*again) == printed);
}

void check_ping_request(std::string_view text) {
    const auto request = api::parse_ping_request(text);
    if (request) {
        WEFT_FUZZ_CHECK(!request->target.empty() && request->target.size() <= api::kPingTargetMax);
        WEFT_FUZZ_CHECK(request->count >= 1 && request->count <= api::kPingCountMax);
        WEFT_FUZZ_CHECK(request->interval_ms >= 1 &&
                        request->interval_ms <= api::kPingTimeoutMaxMs);
        WEFT_FUZZ_CHECK(request->timeout_ms >= 1 && request->timeout_ms <= api::kPingTimeoutMaxMs);
    }
}

void check_network_requests(std::string_view text) {
    if (const auto request = api::parse_init_request(text)) {
        const unsigned block4 = request->block4.value_or(1);
        const unsigned block6 = request->block6.value_or(1);
        WEFT_FUZZ_CHECK(block4 >= 1 && block4 <= api::kBlock4Max);
        WEFT_FUZZ_CHECK(block6 >= 1 && block6 <= api::kBlock6Max);
    }
    if (const auto request = api::parse_token_request(text)) {
        WEFT_FUZZ_CHECK(request->uses >= 1 && request->uses <= api::kTokenUsesMax);
        WEFT_FUZZ_CHECK(request->lifetime_s >= 1 && request->lifetime_s <= api::kTokenLifetimeMaxS);
    }
    if (const auto request = api::parse_root_export_request(text)) {
        WEFT_FUZZ_CHECK(!request->passphrase.empty());
    }
    if (const auto request = api::parse_root_import_request(text)) {
        WEFT_FUZZ_CHECK(!request->text.empty() && !request->passphrase.empty());
    }
    if (const auto request = api::parse_issuer_request(text)) {
        WEFT_FUZZ_CHECK(!request->request.empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = weft::fuzz::Input{data, size}.text();
    const auto print = [](const auto& value) { return api::to_json(value); };
    check_round_trip(text, api::parse_status, print);
    check_round_trip(text, api::parse_ping_request, print);
    check_round_trip(text, api::parse_ping_reply, print);
    check_round_trip(text, api::parse_peers, api::peers_to_json);
    check_round_trip(text, api::parse_init_request, print);
    check_round_trip(text, api::parse_join_request, print);
    check_round_trip(text, api::parse_token_request, print);
    check_round_trip(text, api::parse_network_reply, print);
    check_round_trip(text, api::parse_token_reply, print);
    check_round_trip(text, api::parse_tokens, print);
    check_round_trip(text, api::parse_members, print);
    check_round_trip(text, api::parse_ipam, print);
    check_round_trip(text, api::parse_gossip, print);
    check_round_trip(text, api::parse_root_export_request, print);
    check_round_trip(text, api::parse_root_import_request, print);
    check_round_trip(text, api::parse_issuer_request, print);
    check_round_trip(text, api::parse_certificate_request, print);
    check_round_trip(text, api::parse_sign_request, print);
    check_round_trip(text, api::parse_install_request, print);
    check_round_trip(text, api::parse_certificate_word, print);
    check_round_trip(text, api::parse_rotation_reply, print);
    check_round_trip(text, api::parse_certificate, print);
    check_round_trip(text, api::parse_root_text, print);
    check_round_trip(text, api::parse_issuer_word, print);
    check_round_trip(text, api::parse_issuer, print);
    check_round_trip(text, api::parse_issuers, print);
    check_ping_request(text);
    check_network_requests(text);
    WEFT_FUZZ_CHECK(api::parse_error(text).code.value() != 0);
    return 0;
}
