// SPDX-License-Identifier: Apache-2.0
// The fields of signed statements: each has one form, and what has another is refused here, before
// anything is verified, stored or relayed. Pure; any thread.
#include "fields.hpp"

#include <algorithm>

#include <weft/base/assert.hpp>

namespace weft::identity {
namespace {

constexpr std::string_view kUpgrade = "upgrade weft on this machine";

bool is_zero(std::byte byte) {
    return byte == std::byte{0};
}

bool printable(char c) {
    return c >= ' ' && c <= '~';
}

}  // namespace

bool valid_prefix(const net::Prefix& prefix, PrefixUse use) {
    const net::IpAddress& address = prefix.address;
    return prefix.length <= address.bits() && prefix.masked() == prefix &&
           (use == PrefixUse::kRouted || prefix.length > 0) && !address.is_loopback() &&
           !address.is_link_local() && !address.is_multicast();
}

bool valid_endpoint(const net::Endpoint& endpoint) {
    const net::IpAddress& address = endpoint.address;
    return endpoint.valid() && endpoint.scope_id == 0 && !address.is_multicast() &&
           (address.is_v4() || !address.is_link_local());  // those of IPv6 need a zone
}

// ---- Writing ------------------------------------------------------------------------------------

void write_head(ByteWriter& out, std::string_view magic, const NetworkId& network) {
    out.append(magic);
    out.write(kFormatVersion);
    out.append(network.bytes);
}

void write_text(ByteWriter& out, std::string_view text) {
    WEFT_ASSERT(text.size() <= kNameSizeMax);
    out.write(static_cast<std::uint8_t>(text.size()));
    out.append(text);
}

void write_blob(ByteWriter& out, ConstBytes blob) {
    WEFT_ASSERT(blob.size() <= 0xffff);
    out.write(static_cast<std::uint16_t>(blob.size()));
    out.append(blob);
}

void write_prefixes(ByteWriter& out, const std::vector<net::Prefix>& prefixes) {
    WEFT_ASSERT(prefixes.size() <= 0xff);
    out.write(static_cast<std::uint8_t>(prefixes.size()));
    for (const net::Prefix& prefix : prefixes) {
        out.write(prefix.length);
        net::append(out, prefix.address);
    }
}

std::size_t prefixes_size(const std::vector<net::Prefix>& prefixes) {
    std::size_t size = 1;
    for (const net::Prefix& prefix : prefixes) {
        size += 2 + prefix.address.bytes().size();
    }
    return size;
}

// ---- Reading ------------------------------------------------------------------------------------

void FieldReader::refuse(std::string_view cause, std::string_view remedy) {
    if (!reader_.failed()) {
        cause_ = cause;
        remedy_ = remedy;
        reader_.fail();
    }
}

void FieldReader::head(std::string_view magic) {
    const bool known = reader_.skip(magic);
    require(known, "does not begin as one");
    const auto version = number<std::uint8_t>();
    if (version > kFormatVersion) {
        refuse("is of a newer format", kUpgrade);
    }
    require(version == kFormatVersion, "has no version");
}

VerifyKey FieldReader::verify_key() {
    const VerifyKey key{array<32>()};
    require(failed() || valid_key(key), "has an Ed25519 key that none can have");
    return key;
}

crypto::PublicKey FieldReader::public_key() {
    const crypto::PublicKey key{array<32>()};
    require(valid_key(key), "has an X25519 key that none can have");
    return key;
}

std::string FieldReader::text() {
    const std::size_t size = number<std::uint8_t>();
    require(size <= kNameSizeMax, "has a text that is too long");
    const ConstBytes bytes = reader_.take(size);
    std::string text(bytes.size(), '\0');
    copy_bytes(bytes, std::as_writable_bytes(std::span{text}));
    require(std::all_of(text.begin(), text.end(), printable), "has a text that none can read");
    return text;
}

std::string FieldReader::name() {
    std::string name = text();
    require(valid_name(name), "has a name that none can have");
    return name;
}

std::vector<std::byte> FieldReader::blob(std::size_t max) {
    const std::size_t size = number<std::uint16_t>();
    require(size <= max, "has a part that is too long");
    const ConstBytes bytes = reader_.take(size);
    return {bytes.begin(), bytes.end()};
}

net::IpAddress FieldReader::address() {
    const auto address = net::read_address(reader_);
    if (!address) {
        refuse("has an address of no family");
    }
    return address.value_or(net::IpAddress{});
}

net::Prefix FieldReader::prefix(PrefixUse use) {
    net::Prefix prefix;
    prefix.length = number<std::uint8_t>();
    prefix.address = address();
    require(failed() || valid_prefix(prefix, use), "has a prefix that none can have");
    return prefix;
}

std::vector<net::Prefix> FieldReader::prefixes(std::size_t max, PrefixUse use) {
    const std::size_t count = number<std::uint8_t>();
    require(count <= max, "has too many prefixes");
    std::vector<net::Prefix> prefixes;
    for (std::size_t i = 0; i < count && !failed(); ++i) {
        const net::Prefix next = prefix(use);
        // In order, so that who overlaps any before it overlaps the one just before.
        require(prefixes.empty() || (prefixes.back() < next && !prefixes.back().overlaps(next)),
                "has prefixes out of order or inside each other");
        prefixes.push_back(next);
    }
    return prefixes;
}

net::Endpoint FieldReader::endpoint() {
    net::Endpoint endpoint;
    endpoint.address = address();
    endpoint.port = number<std::uint16_t>();
    require(failed() || valid_endpoint(endpoint), "has an endpoint that none can have");
    return endpoint;
}

void FieldReader::extensions() {
    switch (skip_extensions(reader_)) {
        case ExtensionFault::kNone:
            return;
        case ExtensionFault::kCutShort:
            return refuse("has an extension that is cut short");
        case ExtensionFault::kOutOfOrder:
            return refuse("has extensions out of order");
        case ExtensionFault::kCritical:
            return refuse("has an extension that has to be understood and is not known here",
                          kUpgrade);
    }
}

void FieldReader::padding() {
    const ConstBytes rest = reader_.take(reader_.left());
    require(std::all_of(rest.begin(), rest.end(), is_zero), "is padded with something");
}

Result<> FieldReader::finish() {
    if (reader_.done()) {
        return {};
    }
    if (!reader_.failed()) {
        refuse("has bytes behind its end");
    }
    const std::string_view cause = cause_.empty() ? "is cut short" : cause_;
    return invalid(std::string{what_} + " " + std::string{cause}, std::string{remedy_});
}

// ---- Around the fields --------------------------------------------------------------------------

std::vector<std::byte> append_signature(std::string_view kind,
                                        const NetworkId& network,
                                        ByteWriter body,
                                        const SigningKey& signer) {
    body.append(sign(kind, network, body.bytes(), signer));
    return std::move(body).release();
}

ConstBytes body_of(ConstBytes signed_bytes) {
    return signed_bytes.first(signed_bytes.size() - std::min(signed_bytes.size(), kSignatureSize));
}

Signature signature_of(ConstBytes signed_bytes) {
    WEFT_ASSERT(signed_bytes.size() >= kSignatureSize);
    Signature signature;
    copy_bytes(signed_bytes.last(kSignatureSize), signature);
    return signature;
}

}  // namespace weft::identity
