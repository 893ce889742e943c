// SPDX-License-Identifier: Apache-2.0
// Revocations and successors of the root as bytes: layouts in revocation.hpp, fields in fields.cpp.
// Whether one is to be believed is trust_store.cpp's. Pure; any thread.
#include <weft/base/assert.hpp>
#include <weft/identity/revocation.hpp>

#include "bodies.hpp"
#include "fields.hpp"

namespace weft::identity {
namespace {

constexpr std::string_view kRevocationMagic = "WFV";
constexpr std::string_view kSuccessorMagic = "WFS";

Revocation::Kind read_kind(FieldReader& reader) {
    const auto kind = reader.number<std::uint8_t>();
    if (kind == static_cast<std::uint8_t>(Revocation::Kind::kIssuer)) {
        return Revocation::Kind::kIssuer;
    }
    reader.require(kind == static_cast<std::uint8_t>(Revocation::Kind::kNode),
                   "revokes something that is not known here");
    return Revocation::Kind::kNode;
}

}  // namespace

ByteWriter encode_body(const Revocation& revocation) {
    ByteWriter out{kRevocationSizeMax};
    write_head(out, kRevocationMagic, revocation.network);
    out.write(revocation.signer);
    out.write(revocation.root_number);
    out.write(revocation.number);
    out.write(static_cast<std::uint8_t>(revocation.kind));
    out.write(revocation.serial);
    out.append(revocation.key.bytes);
    out.write(revocation.time);
    out.write(kNoExtensions);
    return out;
}

std::vector<std::byte> build(const Revocation& revocation, const SigningKey& signer) {
    std::vector<std::byte> bytes =
        append_signature(kKindRevocation, revocation.network, encode_body(revocation), signer);
    WEFT_ASSERT(parse_revocation(bytes).has_value());
    return bytes;
}

Result<Revocation> parse_revocation(ConstBytes signed_bytes) {
    FieldReader reader{"a revocation", body_of(signed_bytes)};
    reader.require(signed_bytes.size() <= kRevocationSizeMax, "is too long");
    reader.head(kRevocationMagic);
    Revocation revocation;
    revocation.network = reader.network();
    revocation.signer = reader.number<std::uint32_t>();
    revocation.root_number = reader.number<std::uint32_t>();
    revocation.number = reader.number<std::uint64_t>();
    revocation.kind = read_kind(reader);
    revocation.serial = reader.number<std::uint64_t>();
    revocation.key = reader.verify_key();
    revocation.time = reader.number<UnixSeconds>();
    reader.extensions();
    reader.require(revocation.signer == kRootSigner || revocation.root_number == 0,
                   "is an issuer's and names a root");
    reader.require(revocation.number != 0, "has no number");
    reader.require(revocation.kind == Revocation::Kind::kNode ||
                       (revocation.serial != kRootSigner && revocation.serial >> 32U == 0),
                   "revokes an issuer that none can be");
    if (const Result<> read = reader.finish(); !read) {
        return read.error();
    }
    return revocation;
}

ByteWriter encode_body(const Successor& successor) {
    ByteWriter out{kRevocationSizeMax};
    write_head(out, kSuccessorMagic, successor.network);
    out.write(successor.number);
    out.append(successor.key.bytes);
    out.write(successor.time);
    out.write(kNoExtensions);
    return out;
}

std::vector<std::byte> build(const Successor& successor, const SigningKey& root) {
    std::vector<std::byte> bytes =
        append_signature(kKindSuccessor, successor.network, encode_body(successor), root);
    WEFT_ASSERT(parse_successor(bytes).has_value());
    return bytes;
}

Result<Successor> parse_successor(ConstBytes signed_bytes) {
    FieldReader reader{"a successor of the root", body_of(signed_bytes)};
    reader.require(signed_bytes.size() <= kRevocationSizeMax, "is too long");
    reader.head(kSuccessorMagic);
    Successor successor;
    successor.network = reader.network();
    successor.number = reader.number<std::uint32_t>();
    successor.key = reader.verify_key();
    successor.time = reader.number<UnixSeconds>();
    reader.require(successor.number != 0, "has the first root's number");
    reader.extensions();
    if (const Result<> read = reader.finish(); !read) {
        return read.error();
    }
    return successor;
}

}  // namespace weft::identity
