// SPDX-License-Identifier: Apache-2.0
// Verdicts on signed statements, by the hash of their bytes and their signer, so that what many
// relay is verified once, the good and the bad. One thread. Bounded: the older half goes when the
// newer half is full.
#pragma once

#include <unordered_map>

#include <weft/gossip/record.hpp>
#include <weft/identity/trust_store.hpp>

namespace weft::gossip {

using identity::SignedBytes;

/// A record whose signature was good, and its bytes. Shared by all who hold it.
struct SignedRecord {
    Record record;
    std::vector<std::byte> bytes;
};

struct SignedCertificate {
    identity::Certificate certificate;
    NodeId id;
    std::vector<std::byte> bytes;
};

class StatementCache {
  public:
    /// Statements in each half.
    explicit StatementCache(std::size_t half_max = 512) : half_max_(half_max) {}

    /// The record, parsed, if `signer` signed it; else nullptr.
    [[nodiscard]] std::shared_ptr<const SignedRecord> record(ConstBytes bytes,
                                                             const identity::NetworkId& network,
                                                             const identity::VerifyKey& signer);
    /// The certificate that `trust` admits now.
    [[nodiscard]] boost::system::result<std::shared_ptr<const SignedCertificate>,
                                        identity::Rejected>
    certificate(ConstBytes bytes,
                const identity::TrustStore& trust,
                const identity::TimeView& time);

    /// How many signatures of records were checked, for metrics.
    [[nodiscard]] std::uint64_t verified() const { return verified_; }

  private:
    struct KeyHash {
        std::size_t operator()(const ByteArray<32>& key) const;
    };
    template <class Value>
    using Half = std::unordered_map<ByteArray<32>, std::shared_ptr<const Value>, KeyHash>;
    template <class Value>
    struct Halves {
        Half<Value> newer;
        Half<Value> older;
    };
    template <class Value>
    const std::shared_ptr<const Value>* find(Halves<Value>& halves, const ByteArray<32>& key);
    template <class Value>
    void keep(Halves<Value>& halves, const ByteArray<32>& key, std::shared_ptr<const Value> value);

    std::size_t half_max_;
    std::uint64_t verified_ = 0;
    Halves<SignedRecord> records_;
    Halves<SignedCertificate> certificates_;
};

}  // namespace weft::gossip
