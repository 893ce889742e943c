// SPDX-License-Identifier: Apache-2.0
// What a node believes and why: roots, issuers and revocations, each accepted by signature only,
// and the verdict on a certificate that follows from them. Everything is kept as the signed bytes,
// to be relayed and stored raw. One owner, one thread; bounded by kIssuersMax, kRevocationsMax.
//
// Nodes that have seen the same statements believe the same, in whichever order they came:
//   issuers      of one number: the later root's, then the higher generation, then the lower hash
//   revocations  of one signer and number: the lower hash is kept and relayed. Two of them are a
//                signer's fault (a backup restored), so what the other one revoked stays revoked
//                where it was seen: taking back too much is mended by a new certificate, too
//                little is not.
// A revoked issuer's own revocations go with it: its certificates are void without them, and a
// captured one cannot fill the store. An issuer's revocation reaches certificates of its own
// serials and no others, not by key either. Where the root contradicts itself (two successors, two
// signing keys for one number, slices that overlap) the first stays, and conflicts() tells.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <weft/identity/revocation.hpp>

namespace weft::identity {

inline constexpr std::size_t kIssuersMax = 256;
inline constexpr std::size_t kRootsMax = 16;
inline constexpr std::size_t kRevocationsMax = 65'536;          // of one network, in its whole life
inline constexpr std::size_t kRootRevocationsReserved = 4'096;  // of them, out of issuers' reach
/// Revocations of one signer that contradict others of its and take effect all the same.
inline constexpr std::size_t kContradictionsMax = 1'024;

/// Why a statement was not taken; counted and shown by name.
enum class Rejected : std::uint8_t {
    kMalformed,
    kForeignNetwork,
    kUnknownIssuer,  ///< fetch issuers, then it may be good
    kBadSignature,
    kOutsideSlice,  ///< a block or serial that is not its issuer's to give
    kRevoked,
    kIssuerRevoked,
    kExpired,  ///< past its grace
    kNotYetValid,
    kGap,  ///< a revocation with earlier ones missing: fetch those first
    kFull,
    kConflict,  ///< another statement of the same signer and number, or two issuers with one slice
    kCount
};
[[nodiscard]] std::string_view to_string(Rejected reason);

/// For value() of a failed admit().
[[noreturn]] inline void throw_exception_from_error(Rejected reason,
                                                    const boost::source_location& /*where*/) {
    throw std::runtime_error(std::string{to_string(reason)});
}

/// A statement that was accepted: its bytes, shared with whoever relays them.
using SignedBytes = std::shared_ptr<const std::vector<std::byte>>;

/// How far a node's time reaches (design 6, Time): what is expired is only told where it is
/// trusted.
struct TimeView {
    UnixSeconds now = 0;
    bool trusted = true;
};

/// Nothing where `time` is not trusted, or lies between the dates, kSkew before the first and
/// `grace` after the last included.
[[nodiscard]] std::optional<Rejected> outside_validity(UnixSeconds not_before,
                                                       UnixSeconds not_after,
                                                       UnixSeconds grace,
                                                       const TimeView& time);

class TrustStore {
  public:
    /// Graces after not_after during which a known member keeps its routes.
    static constexpr UnixSeconds kGrace = UnixSeconds{90} * 86'400;
    /// Clocks differ: a certificate is taken this long before its not_before.
    static constexpr UnixSeconds kSkew = 300;

    explicit TrustStore(const VerifyKey& first_root);

    [[nodiscard]] const NetworkId& network() const { return network_; }

    /// nullopt: accepted now, known before, or older than what is known. kUnknownIssuer and kGap:
    /// its signer, or what comes before it, is not known yet: fetch that, and offer it again.
    std::optional<Rejected> add_successor(ConstBytes signed_bytes);
    std::optional<Rejected> add_issuer(ConstBytes signed_bytes, const TimeView& time);
    std::optional<Rejected> add_revocation(ConstBytes signed_bytes);

    /// A certificate that this node has not admitted yet. Checks format, network, issuer,
    /// signature, that blocks lie inside the issuer's slices, revocations and validity (no grace
    /// here).
    [[nodiscard]] boost::system::result<Certificate, Rejected> admit(ConstBytes signed_bytes,
                                                                     const TimeView& time) const;
    /// Of a member admitted before: whether it must go (revoked, no longer inside its issuer's
    /// slices, or past its grace), without signatures.
    [[nodiscard]] std::optional<Rejected> withdrawn(const Certificate& certificate,
                                                    const TimeView& time) const;

    struct Issuer {
        IssuerCertificate certificate;
        SignedBytes bytes;
        bool revoked = false;
    };
    [[nodiscard]] const Issuer* issuer(std::uint32_t number) const;
    [[nodiscard]] const std::map<std::uint32_t, Issuer>& issuers() const { return issuers_; }
    [[nodiscard]] const VerifyKey& root() const { return roots_.back(); }
    [[nodiscard]] std::span<const SignedBytes> successors() const { return successors_; }

    /// Statements of one signer and number that contradict others', since the start: an alarm where
    /// not zero.
    [[nodiscard]] std::uint64_t conflicts() const { return conflicts_; }

    /// Revocations by signer, each signer's from number 1 on without gaps.
    [[nodiscard]] const std::map<std::uint32_t, std::vector<SignedBytes>>& revocations() const {
        return revocations_;
    }
    /// How many there are, and the XOR of their hashes: equal where two nodes know the same.
    [[nodiscard]] std::uint64_t revocation_count() const { return revocation_count_; }
    [[nodiscard]] std::uint64_t revocation_digest() const { return revocation_digest_; }
    /// Whether a certificate with this key and serial is taken back, or its issuer is.
    [[nodiscard]] bool is_revoked(const VerifyKey& identity_key, std::uint64_t serial) const;

  private:
    /// What one signer has taken back.
    struct Revoked {
        std::set<VerifyKey> keys;
        std::set<std::uint64_t> serials;
        [[nodiscard]] bool contains(const VerifyKey& key, std::uint64_t serial) const {
            return keys.contains(key) || serials.contains(serial);
        }
    };

    [[nodiscard]] const VerifyKey* signer_of(const Revocation& revocation) const;
    [[nodiscard]] bool has_room(std::uint32_t signer) const;
    [[nodiscard]] bool overlaps_another(const IssuerCertificate& certificate) const;
    [[nodiscard]] bool is_inside_slices(const Certificate& certificate,
                                        const IssuerCertificate& issuer) const;
    [[nodiscard]] bool is_revoked_issuer(const IssuerCertificate& certificate) const;
    [[nodiscard]] std::optional<Rejected> revoked_or_foreign(const Certificate& certificate) const;
    [[nodiscard]] bool is_revoked_issuer(std::uint32_t number) const;
    [[nodiscard]] bool may_replace(const IssuerCertificate& offered,
                                   ConstBytes offered_bytes,
                                   const Issuer& known);
    std::optional<Rejected> contradict(SignedBytes& kept, ConstBytes signed_bytes);
    void take_effect(const Revocation& revocation, std::size_t max);
    void forget_revoked_issuers();

    NetworkId network_;
    std::vector<VerifyKey> roots_;  // [0] the first, [n] its nth successor
    std::vector<SignedBytes> successors_;
    std::map<std::uint32_t, Issuer> issuers_;
    std::map<std::uint32_t, std::vector<SignedBytes>> revocations_;
    std::map<std::uint32_t, Revoked> revoked_;  // by signer
    std::set<std::uint32_t> revoked_issuers_;   // numbers, known or not
    std::set<VerifyKey> revoked_issuer_keys_;
    std::uint64_t conflicts_ = 0;
    std::uint64_t revocation_count_ = 0;
    std::uint64_t revocation_digest_ = 0;
};

}  // namespace weft::identity
