// SPDX-License-Identifier: Apache-2.0
// Gossip's datagrams, on the tunnel's UDP port. The first byte is none of WireGuard's types (1 to
// 4). Pure.
//
//   sealed     0x10 version sender[16] nonce[24] sealed{header, messages}
//   introduce  0x11 version cookie[16] u16 certificate_size certificate, then as sealed from sender
//   on cookie     0x12 version echo[16] cookie[16]          echo: of the cause, so that only who
//   sent it can use it join       0x13 version cookie[16] request[1152] zeros to 1,200 bytes join
//   reply 0x14 version echo[16] reply
//   ask        0x15 version cookie[16] nonce[16] mac[16] zeros to 512 bytes: "who is there?"
//   tell       0x16 version nonce[16] certificate
//
// Sealed datagrams are XChaCha20-Poly1305 under a key of the two nodes' certified gossip keys, with
// everything before the ciphertext and the receiver's id as associated data. One send, no session;
// harmless when replayed. What comes from strangers is answered by a cookie, no longer than its
// cause, before any signature is checked.
#pragma once

#include <optional>
#include <variant>

#include <weft/gossip/record.hpp>
#include <weft/identity/trust_store.hpp>

namespace weft::gossip {

inline constexpr std::size_t kDatagramSizeMax = 1'200;  // passes every path (RFC 9000 14)
/// Of a ping that is padded to measure its path; nothing else is taken from one that is larger than
/// the others.
inline constexpr std::size_t kPaddedSizeMax = 9'216;
inline constexpr std::uint8_t kFormatVersion = 1;
inline constexpr std::size_t kCookieSize = 16;
using Cookie = ByteArray<kCookieSize>;
/// Names the datagram that is answered: of a sealed one the end of its nonce, of a join how its
/// sealed request begins.
inline constexpr std::size_t kEchoSize = 16;
using Echo = ByteArray<kEchoSize>;

enum class DatagramType : std::uint8_t {
    kSealed = 0x10,
    kIntroduce = 0x11,
    kCookie = 0x12,
    kJoin = 0x13,
    kJoinReply = 0x14,
    kAsk = 0x15,
    kTell = 0x16,
};
inline constexpr std::uint8_t kDatagramTypesFirst = 0x10;
inline constexpr std::uint8_t kDatagramTypesLast = 0x1f;
/// Whether a datagram of our port is gossip's to look at.
[[nodiscard]] inline bool is_gossip(ConstBytes datagram) {
    return !datagram.empty() && std::to_integer<std::uint8_t>(datagram[0]) >= kDatagramTypesFirst &&
           std::to_integer<std::uint8_t>(datagram[0]) <= kDatagramTypesLast;
}

/// On top of each sealed datagram: what the sender knows, in 28 bytes, so that differences are
/// found at once.
struct Header {
    identity::UnixSeconds time = 0;
    std::uint32_t trust_count = 0;   ///< revocations, successors, issuers' generations
    std::uint32_t trust_digest = 0;  ///< XOR of their hashes
    std::uint32_t members = 0;       ///< how many
    std::uint64_t members_digest = 0;
};

using ProbeNumber = std::uint32_t;

/// Padded to the size of its answer: replayed from a false address it multiplies nothing.
struct Ping {
    ProbeNumber number = 0;
};
struct Ack {
    ProbeNumber number = 0;
    net::Endpoint seen;  ///< where the ping came from; unspecified in an ack passed on
};
/// "Ping `target` for me": answered by Ack with `number`, or by Nack where no answer came.
struct PingRequest {
    ProbeNumber number = 0;
    NodeId target;
};
struct Nack {
    ProbeNumber number = 0;
};
/// "`accuser` did not reach `target`", of a record of this order: a newer one clears it. Never
/// signed: it steers probing and status, not routes.
struct Accusation {
    NodeId target;
    Order order;
    NodeId accuser;
    friend auto operator<=>(const Accusation&, const Accusation&) = default;
};
/// A member: certificate and record as their owners signed them.
struct MemberItem {
    ConstBytes certificate;  ///< empty: the one that is known; in an introduction it is in the head
    ConstBytes record;
    bool pushed = false;  ///< because the receiver lacks it, not because it is new
};
struct IssuerItem {
    ConstBytes bytes;
};
struct RevocationItem {
    ConstBytes bytes;
};
struct SuccessorItem {
    ConstBytes bytes;
};
/// Digests of the members by the first byte of their ids: "where do we differ?"
inline constexpr std::size_t kBuckets = 256;
struct Buckets {
    std::array<std::uint32_t, kBuckets> digests{};
};
/// What a node has in one bucket, or in a part of it from one id to another.
struct SummaryEntry {
    NodeId node;
    std::uint64_t hash = 0;
};
inline constexpr std::size_t kSummaryEntriesMax = 40;
struct Summary {
    NodeId first;  ///< entries name all that the sender has from `first` to `last`, both included
    NodeId last;
    std::vector<SummaryEntry> entries;
};
struct Want {
    std::vector<NodeId> nodes;  ///< at most kSummaryEntriesMax
};
/// What the sender knows of trust: the peer sends what lies beyond.
struct TrustHeads {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> issuers;      ///< number, generation
    std::vector<std::pair<std::uint32_t, std::uint64_t>> revocations;  ///< signer, highest number
    std::uint32_t successors = 0;
};

/// "What do you see of me?" Padded to the size of its answer; answered by Sight with its number.
struct Inquiry {
    ProbeNumber number = 0;
    bool begins = false;  ///< to measure: the answer to a later one has what was found
};
/// What the sender sees of the receiver: the daemon's business (api/sight.hpp), at most
/// kSightSizeMax.
struct Sight {
    ProbeNumber number = 0;
    ConstBytes bytes;
};
inline constexpr std::size_t kSightSizeMax = 1'000;

using Message = std::variant<Ping,
                             Ack,
                             PingRequest,
                             Nack,
                             Accusation,
                             MemberItem,
                             IssuerItem,
                             RevocationItem,
                             SuccessorItem,
                             Buckets,
                             Summary,
                             Want,
                             TrustHeads,
                             Inquiry,
                             Sight>;

/// Appends messages to the plaintext of one datagram while they fit.
class DatagramWriter {
  public:
    /// `size_max`: bytes of plaintext.
    DatagramWriter(const Header& header, std::size_t size_max);
    /// False, and nothing is added, where it does not fit any more.
    bool add(const Message& message);
    /// To `size` bytes of plaintext, whatever size_max is; readers skip it.
    void pad_to(std::size_t size);
    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] ConstBytes bytes() const { return bytes_; }

  private:
    std::vector<std::byte> bytes_;
    std::size_t size_max_;
    std::size_t count_ = 0;
};

/// Reads them back; views point into `plaintext`. Unknown types are skipped; a known one that is
/// malformed ends the datagram: what came before it stands.
class DatagramReader {
  public:
    explicit DatagramReader(ConstBytes plaintext);
    [[nodiscard]] const std::optional<Header>& header() const { return header_; }
    /// The next message, or nullopt at the end.
    [[nodiscard]] std::optional<Message> next();
    [[nodiscard]] bool malformed() const { return malformed_; }

  private:
    ConstBytes rest_;
    std::optional<Header> header_;
    bool malformed_ = false;
};

}  // namespace weft::gossip
