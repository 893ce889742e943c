// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as the plaintext of a sealed datagram. What is read and written again
// reads as the same, fits where it came from, and has lost only what this version does not know.
#include <weft/gossip/messages.hpp>

#include "fuzz.hpp"

namespace {

namespace gossip = weft::gossip;

/// A ping's padding is written whatever its length was; nothing else may grow.
constexpr std::size_t kPingPadding = 19;

struct Read {
    std::vector<gossip::Message> messages;
    std::optional<gossip::Header> header;
    bool malformed = false;
};
Read read(weft::ConstBytes plaintext) {
    gossip::DatagramReader reader{plaintext};
    Read result;
    result.header = reader.header();
    while (auto message = reader.next()) {
        result.messages.push_back(std::move(*message));
    }
    result.malformed = reader.malformed();
    WEFT_FUZZ_CHECK(!reader.next());  // the end stays the end
    return result;
}
weft::fuzz::Buffer written(const Read& read, std::size_t size_max) {
    gossip::DatagramWriter writer{*read.header, size_max};
    for (const gossip::Message& message : read.messages) {
        WEFT_FUZZ_CHECK(writer.add(message));
    }
    WEFT_FUZZ_CHECK(writer.bytes().size() <= size_max);
    WEFT_FUZZ_CHECK(writer.empty() == read.messages.empty());
    return weft::fuzz::copy_of(writer.bytes());
}
void check_limits(const gossip::Message& message) {
    if (const auto* summary = std::get_if<gossip::Summary>(&message)) {
        WEFT_FUZZ_CHECK(summary->entries.size() <= gossip::kSummaryEntriesMax);
    } else if (const auto* want = std::get_if<gossip::Want>(&message)) {
        WEFT_FUZZ_CHECK(want->nodes.size() <= gossip::kSummaryEntriesMax);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const weft::fuzz::Buffer bytes = weft::fuzz::copy_of(std::as_bytes(std::span{data, size}));
    const Read first = read(bytes);
    if (!first.header) {
        WEFT_FUZZ_CHECK(first.malformed && first.messages.empty());
        return 0;
    }
    std::size_t pings = 0;
    for (const gossip::Message& message : first.messages) {
        check_limits(message);
        pings += std::holds_alternative<gossip::Ping>(message) ? 1U : 0U;
    }
    const weft::fuzz::Buffer again = written(first, bytes.size() + pings * kPingPadding);
    const Read second = read(again);
    WEFT_FUZZ_CHECK(!second.malformed && second.messages.size() == first.messages.size());
    WEFT_FUZZ_CHECK(written(second, again.size()) == again);
    return 0;
}
