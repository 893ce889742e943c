// SPDX-License-Identifier: Apache-2.0
// What binds a node's keys to its name and its prefixes: a node certificate, signed by an issuer;
// and what binds an issuer to its slice of the pool, signed by the root. Pure; any thread.
//
//   node:    "WFC" version network_id issuer_number serial generation flags not_before not_after
//            identity_key wireguard_key gossip_key name blocks routed extensions signature
//   issuer:  "WFI" version network_id issuer_number generation root_number not_before not_after
//            signing_key sealing_key name slices extensions signature
//
// Little-endian; name: u8 length, bytes; prefixes: u8 count, then {u8 length, u8 family, its 4 or
// 16 bytes}, masked, sorted, none inside another; extensions: u16 size, then TLVs {u8 type, u8
// length} of ascending type, bit 7 of the type marks a critical one. Version 1 knows no extension:
// those that are not critical are passed over, and travel on in the raw bytes. There is one
// encoding of a certificate, and parse takes only that.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/crypto/x25519.hpp>
#include <weft/identity/keys.hpp>
#include <weft/net/address.hpp>

namespace weft::identity {

/// Unix time in seconds, as certificates, revocations and tokens carry it.
using UnixSeconds = std::uint64_t;

inline constexpr std::size_t kCertificateSizeMax = 400;  // bytes, signature included
inline constexpr std::size_t kNameSizeMax = 63;          // RFC 1035 2.3.4
inline constexpr std::size_t kBlocksMax = 4;
inline constexpr std::size_t kRoutedMax = 8;
inline constexpr std::size_t kSlicesMax = 4;

/// A name of RFC 1123's: 1 to 63 of a-z 0-9 and inner hyphens, lower case.
[[nodiscard]] bool valid_name(std::string_view name);

struct Certificate {
    NetworkId network;
    std::uint32_t issuer_number = 0;
    std::uint64_t serial = 0;      ///< issuer_number in the high 32 bits: unique without agreement
    std::uint32_t generation = 1;  ///< of this node's keys and name: one higher with each re-issue
    bool ephemeral = false;
    UnixSeconds not_before = 0;
    UnixSeconds not_after = 0;
    VerifyKey identity_key;
    crypto::PublicKey wireguard_key;
    crypto::PublicKey gossip_key;
    std::string name;
    std::vector<net::Prefix> blocks;  ///< containers' prefixes
    std::vector<net::Prefix> routed;  ///< further prefixes behind the node

    [[nodiscard]] NodeId id() const { return node_id_of(identity_key); }
    friend bool operator==(const Certificate&, const Certificate&) = default;
};

struct IssuerCertificate {
    NetworkId network;
    std::uint32_t number = 0;  ///< 1 for init's own; never given twice, nor to another signing key
    std::uint32_t generation = 1;
    std::uint32_t root_number = 0;  ///< 0: the first root, n: its nth successor
    UnixSeconds not_before = 0;
    UnixSeconds not_after = 0;
    VerifyKey signing_key;
    crypto::PublicKey sealing_key;  ///< join requests are sealed to it
    std::string name;               ///< of the node where it lives
    std::vector<net::Prefix> slices;

    friend bool operator==(const IssuerCertificate&, const IssuerCertificate&) = default;
};

/// What build() would give. A long name and many prefixes together can be more than
/// kCertificateSizeMax: whoever makes a certificate of others' wishes asks this first.
[[nodiscard]] std::size_t encoded_size(const Certificate& certificate);

/// The signed bytes. The fields must be such that parse takes them, encoded_size() among them:
/// asserted.
[[nodiscard]] std::vector<std::byte> build(const Certificate& certificate,
                                           const SigningKey& issuer);
[[nodiscard]] std::vector<std::byte> build(const IssuerCertificate& certificate,
                                           const SigningKey& root);

/// Errors (EINVAL): too short or long, unknown version, not canonical, unknown critical extension,
/// a name, key or prefix that none can have. The signature is not looked at: see check_signature.
[[nodiscard]] Result<Certificate> parse_certificate(ConstBytes signed_bytes);
[[nodiscard]] Result<IssuerCertificate> parse_issuer_certificate(ConstBytes signed_bytes);

/// Whether the signature at the end of a certificate's bytes is `signer`'s.
[[nodiscard]] bool check_signature(std::string_view kind,
                                   const NetworkId& network,
                                   ConstBytes signed_bytes,
                                   const VerifyKey& signer);

}  // namespace weft::identity
