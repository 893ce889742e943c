// SPDX-License-Identifier: Apache-2.0
// See record.hpp.
#include <algorithm>

#include <weft/base/assert.hpp>
#include <weft/gossip/record.hpp>
#include <weft/identity/extensions.hpp>

#include "encoding.hpp"

namespace weft::gossip {
namespace {

constexpr std::string_view kMagic = "WFR";
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kFlagLeft = 1;
constexpr std::uint8_t kFlagTranslated = 2;

bool printable(ConstBytes text) {
    return std::ranges::all_of(
        text, [](std::byte c) { return c >= std::byte{' '} && c <= std::byte{'~'}; });
}

bool within_limits(const Record& record) {
    return record.software.size() <= kSoftwareSizeMax && printable(bytes_of(record.software)) &&
           record.endpoints.size() <= kEndpointsMax && record.anchors.size() <= kAnchorsMax &&
           std::ranges::all_of(record.endpoints, can_be_advertised);
}

std::vector<std::byte> build_body(const Record& record) {
    ByteWriter body{kRecordSizeMax};
    body.append(kMagic);
    body.write(kVersion);
    append(body, record.node);
    append(body, record.order);
    body.write(static_cast<std::uint8_t>((record.left ? kFlagLeft : 0) |
                                         (record.translated ? kFlagTranslated : 0)));
    body.write(record.boot_id);
    body.write(record.mtu);
    body.write(record.features);
    body.write(static_cast<std::uint8_t>(record.software.size()));
    body.append(record.software);
    body.write(static_cast<std::uint8_t>(record.endpoints.size()));
    for (const net::Endpoint& endpoint : record.endpoints) {
        append(body, endpoint);
    }
    body.write(static_cast<std::uint8_t>(record.anchors.size()));
    for (const NodeId& anchor : record.anchors) {
        append(body, anchor);
    }
    body.write(identity::kNoExtensions);
    return std::move(body).release();
}

void read_fields(ByteReader& reader, Record& record) {
    record.node = read_id(reader);
    record.order = read_order(reader);
    const auto flags = reader.read<std::uint8_t>();
    record.left = (flags & kFlagLeft) != 0;
    record.translated = (flags & kFlagTranslated) != 0;
    if ((flags & ~(kFlagLeft | kFlagTranslated)) != 0) {
        reader.fail();
    }
    record.boot_id = reader.read<std::uint64_t>();
    record.mtu = reader.read<std::uint16_t>();
    record.features = reader.read<std::uint32_t>();
    const ConstBytes software = reader.take(reader.read<std::uint8_t>());
    record.software.assign(reinterpret_cast<const char*>(software.data()), software.size());
    for (auto left = reader.read<std::uint8_t>(); left > 0 && !reader.failed(); --left) {
        record.endpoints.push_back(read_endpoint(reader));
    }
    for (auto left = reader.read<std::uint8_t>(); left > 0 && !reader.failed(); --left) {
        record.anchors.push_back(read_id(reader));
    }
}

}  // namespace

bool can_be_advertised(const net::Endpoint& endpoint) {
    const net::IpAddress& address = endpoint.address;
    static const std::array nobodys{*net::Prefix::parse("0.0.0.0/8"),
                                    *net::Prefix::parse("240.0.0.0/4"),
                                    *net::Prefix::parse("::/96"),
                                    *net::Prefix::parse("::ffff:0.0.0.0/96")};
    if (std::ranges::any_of(nobodys,
                            [&](const auto& prefix) { return prefix.contains(address); })) {
        return false;
    }
    return endpoint.valid() && endpoint.scope_id == 0 && !address.is_loopback() &&
           !address.is_link_local() && !address.is_multicast();
}

std::vector<std::byte> build(const Record& record,
                             const identity::NetworkId& network,
                             const identity::SigningKey& key) {
    WEFT_ASSERT(within_limits(record));
    std::vector<std::byte> bytes = build_body(record);
    const identity::Signature signature =
        identity::sign(identity::kKindRecord, network, bytes, key);
    bytes.insert(bytes.end(), signature.begin(), signature.end());
    WEFT_ASSERT(bytes.size() <= kRecordSizeMax);
    return bytes;
}

Result<Record> parse_record(ConstBytes signed_bytes) {
    if (signed_bytes.size() > kRecordSizeMax || signed_bytes.size() < identity::kSignatureSize) {
        return invalid("a record of " + std::to_string(signed_bytes.size()) + " bytes");
    }
    ByteReader reader{signed_bytes.first(signed_bytes.size() - identity::kSignatureSize)};
    if (!reader.skip(kMagic)) {
        return invalid("no record: its first bytes are others");
    }
    if (const auto version = reader.read<std::uint8_t>(); version != kVersion) {
        return invalid("a record of format " + std::to_string(version),
                       "update weft on this node: it reads format 1");
    }
    Record record;
    read_fields(reader, record);
    const auto fault = identity::skip_extensions(reader);
    if (fault != identity::ExtensionFault::kNone || !reader.done() || !within_limits(record)) {
        return invalid("a record whose fields are malformed");
    }
    return record;
}

}  // namespace weft::gossip
