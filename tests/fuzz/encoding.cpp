// SPDX-License-Identifier: Apache-2.0
// Fuzz target: text forms of bytes, addresses, prefixes, endpoints. What decodes encodes to the
// same text (base64 and hex have one encoding each), and every value's own text reads back as the
// value.
#include <weft/base/encoding.hpp>
#include <weft/net/address.hpp>

#include "fuzz.hpp"

namespace {

using weft::fuzz::Buffer;

void check_decoders(std::string_view text, std::size_t size) {
    Buffer out(size);
    if (weft::from_base64(text, out)) {
        WEFT_FUZZ_CHECK(weft::to_base64(out) == text);
    }
    if (weft::from_hex(text, out)) {
        WEFT_FUZZ_CHECK(weft::to_hex(out) == text);
    }
}

void check_encoders(weft::ConstBytes bytes) {
    Buffer back(bytes.size());
    WEFT_FUZZ_CHECK(weft::from_base64(weft::to_base64(bytes), back));
    WEFT_FUZZ_CHECK(back == weft::fuzz::copy_of(bytes));
    WEFT_FUZZ_CHECK(weft::from_hex(weft::to_hex(bytes), back));
    WEFT_FUZZ_CHECK(back == weft::fuzz::copy_of(bytes));
}

void check_address(std::string_view text) {
    const auto address = weft::net::IpAddress::parse(text);
    if (!address) {
        return;
    }
    WEFT_FUZZ_CHECK(weft::net::IpAddress::parse(address->to_string()) == address);
    WEFT_FUZZ_CHECK(address->bytes().size() * 8 == address->bits());
    WEFT_FUZZ_CHECK(weft::net::Prefix::host(*address).contains(*address));
    WEFT_FUZZ_CHECK(weft::net::Prefix::parse(text) == weft::net::Prefix::host(*address));
}

void check_prefix(std::string_view text) {
    const auto prefix = weft::net::Prefix::parse(text);
    if (!prefix) {
        return;
    }
    WEFT_FUZZ_CHECK(prefix->length <= prefix->address.bits());
    WEFT_FUZZ_CHECK(weft::net::Prefix::parse(prefix->to_string()) == prefix);
    const weft::net::Prefix masked = prefix->masked();
    WEFT_FUZZ_CHECK(masked.masked() == masked);
    WEFT_FUZZ_CHECK(masked.contains(prefix->address) && prefix->overlaps(masked));
}

void check_endpoint(std::string_view text) {
    const auto endpoint = weft::net::Endpoint::parse(text);
    if (endpoint) {
        WEFT_FUZZ_CHECK(endpoint->scope_id == 0);
        WEFT_FUZZ_CHECK(weft::net::Endpoint::parse(endpoint->to_string()) == endpoint);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weft::fuzz::Input input{data, size};
    const std::size_t decoded = input.u8();
    const std::string_view text = input.text();
    check_decoders(text, decoded);
    check_decoders(text, text.size() / 2);
    check_decoders(text, text.size() / 4 * 3);
    check_encoders(weft::bytes_of(text));
    check_address(text);
    check_prefix(text);
    check_endpoint(text);
    return 0;
}
