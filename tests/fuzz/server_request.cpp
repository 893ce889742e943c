// SPDX-License-Identifier: Apache-2.0
// Fuzz target: what the API server and its ping take apart themselves: a request's method and
// target, and datagrams that came to the ICMP socket.
#include <string>

#include "api_routes.hpp"
#include "fuzz.hpp"
#include "icmp_echo.hpp"

namespace {

using weft::net::Family;
using weft::server::Route;

void check_route(std::string_view method, std::string_view target) {
    const weft::server::FoundRoute found = weft::server::find_route(method, target);
    if (found.route == Route::kWrongMethod) {  // the methods that it names are right ones
        const std::string first = found.allow.substr(0, found.allow.find(','));
        WEFT_FUZZ_CHECK(first != method);
        const Route right = weft::server::find_route(first, target).route;
        WEFT_FUZZ_CHECK(right != Route::kUnknown && right != Route::kWrongMethod);
    }
}

void check_echo(weft::fuzz::Input& input, Family family) {
    const std::uint8_t ident = input.u8();
    weft::server::Echo echo{.ident = ident, .sequence = input.u16()};
    weft::copy_bytes(input.take(4), echo.cookie);
    auto message = weft::server::build_echo_request(family, echo);
    WEFT_FUZZ_CHECK(!weft::server::parse_echo_reply(family, message));  // a request is no reply
    message[0] = family == Family::kIpv4 ? std::byte{0} : std::byte{129};
    const auto reply = weft::server::parse_echo_reply(family, message);
    WEFT_FUZZ_CHECK(reply && reply->ident == echo.ident && reply->sequence == echo.sequence &&
                    reply->cookie == echo.cookie);
    static_cast<void>(weft::server::parse_echo_reply(family, weft::fuzz::copy_of(input.rest())));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weft::fuzz::Input input{data, size};
    const std::uint8_t kind = input.u8();
    if (kind % 2 == 0) {
        constexpr const char* kMethods[] = {"GET", "POST", "DELETE", ""};
        check_route(kMethods[kind / 2 % 4], input.text());
    } else {
        check_echo(input, (kind & 2U) != 0 ? Family::kIpv4 : Family::kIpv6);
    }
    return 0;
}
