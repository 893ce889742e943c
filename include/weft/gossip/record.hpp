// SPDX-License-Identifier: Apache-2.0
// What a node says of itself, signed by its identity key: where it can be reached and what it is,
// or that it leaves. Relayed raw, together with the certificate that the signature is checked
// against. Pure; any thread.
//
//   "WFR" version node generation epoch sequence flags boot_id mtu features software endpoints
//   anchors
//         extensions signature
//
// Little-endian; software: u8 length, text; endpoints: u8 count, {u8 family, 4 or 16 bytes, u16
// port}; anchors: u8 count, node ids; extensions as a certificate's (identity/certificate.hpp).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/identity/keys.hpp>
#include <weft/net/address.hpp>

namespace weft::gossip {

using identity::NodeId;

inline constexpr std::size_t kRecordSizeMax = 600;  // bytes, signature included
inline constexpr std::size_t kEndpointsMax = 4;
inline constexpr std::size_t kAnchorsMax = 3;
inline constexpr std::size_t kSoftwareSizeMax = 32;

/// Which of a node's records is the newest. The generation is its certificate's; the epoch one
/// higher at each start, and no lower than Unix time then; the sequence counts changes since.
struct Order {
    std::uint32_t generation = 0;
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;
    friend auto operator<=>(const Order&, const Order&) = default;
};

/// Bits of Record::features: what a node understands beyond the first version.
inline constexpr std::uint32_t kFeaturePaddedPings = 1;  ///< datagrams up to kPaddedSizeMax
inline constexpr std::uint32_t kFeatureSights = 2;       ///< Inquiry is answered

struct Record {
    NodeId node;
    Order order;
    bool left = false;        ///< signed off: routes to it go
    bool translated = false;  ///< behind NAT: probed through its anchors
    /// Drawn at each start: lives that take turns are two machines cloned from one image.
    std::uint64_t boot_id = 0;
    std::uint16_t mtu = 0;  ///< of its overlay interface, bytes
    std::uint32_t features = 0;
    std::string software;                  ///< printable ASCII, at most kSoftwareSizeMax
    std::vector<net::Endpoint> endpoints;  ///< candidates, best first
    std::vector<NodeId> anchors;           ///< nodes that it keeps a way open to

    friend bool operator==(const Record&, const Record&) = default;
};

/// Whether other nodes may be told of it: an address of one machine, not of one link; a port.
/// Addresses of the pool, which this room does not know, are the caller's to leave out and to
/// ignore.
[[nodiscard]] bool can_be_advertised(const net::Endpoint& endpoint);

/// The signed bytes. Fields within the maxima: asserted.
[[nodiscard]] std::vector<std::byte> build(const Record& record,
                                           const identity::NetworkId& network,
                                           const identity::SigningKey& key);
/// Errors (EINVAL) as of parse_certificate. The signature is the caller's to check
/// (identity::check_signature with kKindRecord).
[[nodiscard]] Result<Record> parse_record(ConstBytes signed_bytes);

}  // namespace weft::gossip
