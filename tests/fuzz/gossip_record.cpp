// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as a record. What parses has one encoding: built again, its body is the
// bytes that were read, up to the extensions.
#include <weft/gossip/record.hpp>

#include "fuzz.hpp"

namespace {

namespace gossip = weft::gossip;
namespace identity = weft::identity;

const identity::SigningKey& key() {
    static const identity::SigningKey key = identity::SigningKey::from_seed(weft::Secret<32>{});
    return key;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const weft::fuzz::Buffer bytes = weft::fuzz::copy_of(std::as_bytes(std::span{data, size}));
    const auto record = gossip::parse_record(bytes);
    if (!record) {
        WEFT_FUZZ_CHECK(!record.error().cause.empty());
        return 0;
    }
    WEFT_FUZZ_CHECK(bytes.size() <= gossip::kRecordSizeMax);
    WEFT_FUZZ_CHECK(record->endpoints.size() <= gossip::kEndpointsMax);
    WEFT_FUZZ_CHECK(record->anchors.size() <= gossip::kAnchorsMax);
    WEFT_FUZZ_CHECK(std::ranges::all_of(record->endpoints, gossip::can_be_advertised));

    // Its encoding ends with "no extensions" where the bytes have whatever they have.
    const auto again = gossip::build(*record, identity::NetworkId{}, key());
    constexpr std::size_t kEnd = identity::kSignatureSize + 2;
    WEFT_FUZZ_CHECK(again.size() <= bytes.size());
    WEFT_FUZZ_CHECK(std::equal(again.begin(), again.end() - kEnd, bytes.begin()));
    const std::size_t at = again.size() - kEnd;
    const auto extensions =
        std::to_integer<std::size_t>(bytes[at]) | std::to_integer<std::size_t>(bytes[at + 1]) << 8U;
    WEFT_FUZZ_CHECK(extensions == bytes.size() - again.size());
    const auto parsed_again = gossip::parse_record(again);
    WEFT_FUZZ_CHECK(parsed_again && *parsed_again == *record);
    return 0;
}
