// SPDX-License-Identifier: Apache-2.0
// The signed part of each statement, without extensions: what build() signs, and what tests hold
// against the bytes that parse took. Private to this room.
#pragma once

#include <weft/base/byte_writer.hpp>
#include <weft/identity/revocation.hpp>

namespace weft::identity {

[[nodiscard]] ByteWriter encode_body(const Certificate& certificate);
[[nodiscard]] ByteWriter encode_body(const IssuerCertificate& certificate);
[[nodiscard]] ByteWriter encode_body(const Revocation& revocation);
[[nodiscard]] ByteWriter encode_body(const Successor& successor);

}  // namespace weft::identity
