// SPDX-License-Identifier: Apache-2.0
// See statement_cache.hpp.
#include <weft/crypto/blake2s.hpp>
#include <weft/gossip/statement_cache.hpp>

namespace weft::gossip {

std::size_t StatementCache::KeyHash::operator()(const ByteArray<32>& key) const {
    std::size_t hash = 0;
    std::memcpy(&hash, key.data(), sizeof hash);
    return hash;
}

template <class Value>
const std::shared_ptr<const Value>* StatementCache::find(Halves<Value>& halves,
                                                         const ByteArray<32>& key) {
    for (Half<Value>* half : {&halves.newer, &halves.older}) {
        if (const auto found = half->find(key); found != half->end()) {
            return &found->second;
        }
    }
    return nullptr;
}

template <class Value>
void StatementCache::keep(Halves<Value>& halves,
                          const ByteArray<32>& key,
                          std::shared_ptr<const Value> value) {
    if (halves.newer.size() >= half_max_) {
        halves.older = std::move(halves.newer);
        halves.newer = {};
    }
    halves.newer.emplace(key, std::move(value));
}

std::shared_ptr<const SignedRecord> StatementCache::record(ConstBytes bytes,
                                                           const identity::NetworkId& network,
                                                           const identity::VerifyKey& signer) {
    const ByteArray<32> key = crypto::blake2s(bytes, signer.bytes);
    if (const auto* found = find(records_, key)) {
        return *found;
    }
    std::shared_ptr<const SignedRecord> verdict;
    if (Result<Record> parsed = parse_record(bytes)) {
        ++verified_;
        if (identity::check_signature(identity::kKindRecord, network, bytes, signer)) {
            verdict = std::make_shared<SignedRecord>(
                SignedRecord{std::move(*parsed), {bytes.begin(), bytes.end()}});
        }
    }
    keep(records_, key, verdict);
    return verdict;
}

boost::system::result<std::shared_ptr<const SignedCertificate>, identity::Rejected>
StatementCache::certificate(ConstBytes bytes,
                            const identity::TrustStore& trust,
                            const identity::TimeView& time) {
    // What trust knows changes, and so does time: only the good are kept, and asked again about
    // both.
    const ByteArray<32> key = crypto::blake2s(bytes, trust.network().bytes);
    if (const auto* found = find(certificates_, key)) {
        const identity::Certificate& certificate = (*found)->certificate;
        if (!trust.withdrawn(certificate, time) &&
            (!time.trusted || time.now <= certificate.not_after)) {
            return *found;
        }
    }
    auto admitted = trust.admit(bytes, time);
    if (!admitted) {
        return admitted.error();
    }
    const NodeId id = admitted->id();
    std::shared_ptr<const SignedCertificate> good = std::make_shared<SignedCertificate>(
        SignedCertificate{std::move(*admitted), id, {bytes.begin(), bytes.end()}});
    keep(certificates_, key, good);
    return good;
}

}  // namespace weft::gossip
