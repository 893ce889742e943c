// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as an issuer's journal, as they are or in records whose frames are made
// right. A ledger that takes them keeps what it took: the records encode to the bytes they came
// from, its snapshot replays to the same snapshot, and no block is free that a live node has.
#include <weft/base/byte_writer.hpp>
#include <weft/base/checksum.hpp>
#include <weft/issuer/ledger.hpp>

#include "framed.hpp"
#include "fuzz.hpp"
#include "journal.hpp"

namespace {

namespace issuer = weft::issuer;
namespace journal = weft::issuer::journal;

constexpr issuer::TimeView kNow{1'800'000'000, true};

/// The issuer whose journals are in the corpus: tests/unit/issuer/issuer_world.hpp makes it.
weft::identity::IssuerCertificate make_issuer(weft::ConstBytes network) {
    weft::identity::IssuerCertificate certificate;
    weft::copy_bytes(network, certificate.network.bytes);
    certificate.number = 1;
    certificate.slices = {*weft::net::Prefix::parse("10.64.0.0/16"),
                          *weft::net::Prefix::parse("fd00:1234:5678::/56")};
    return certificate;
}

weft::fuzz::Buffer framed(weft::fuzz::Input& input) {
    return weft::fuzz::framed(input, journal::kVersion, [](weft::ByteWriter& record) {
        record.append(weft::checksum<journal::kChecksumSize>(record.bytes()));
    });
}

void check_encoding(weft::ConstBytes bytes) {
    const auto read = journal::read(bytes);
    if (!read) {
        WEFT_FUZZ_CHECK(!read.error().cause.empty() && !read.error().remedy.empty());
        return;
    }
    weft::ByteWriter again;
    for (const journal::Event& event : read->events) {
        again.append(journal::encode(event));
    }
    WEFT_FUZZ_CHECK(again.size() == read->size);
    WEFT_FUZZ_CHECK(std::equal(again.bytes().begin(), again.bytes().end(), bytes.begin()));
}

void check_pool(const issuer::Ledger& ledger) {
    for (const auto family : {weft::net::Family::kIpv4, weft::net::Family::kIpv6}) {
        const auto block = ledger.pool().next(family, kNow);
        WEFT_FUZZ_CHECK(!block || ledger.live_owner(*block, {}) == nullptr);
    }
}

void check_ledger(const weft::identity::IssuerCertificate& certificate, weft::ConstBytes bytes) {
    issuer::Ledger ledger{certificate, {}};
    const auto replayed = ledger.replay(bytes);
    if (!replayed) {
        WEFT_FUZZ_CHECK(!replayed.error().cause.empty() && !replayed.error().remedy.empty());
        return;
    }
    WEFT_FUZZ_CHECK(replayed->size + replayed->torn == bytes.size());
    ledger.on_time(kNow);
    check_pool(ledger);

    const auto snapshot = ledger.snapshot(kNow);
    issuer::Ledger compacted{certificate, {}};
    const auto taken = compacted.replay(snapshot);
    WEFT_FUZZ_CHECK(taken && taken->torn == 0);
    WEFT_FUZZ_CHECK(compacted.snapshot(kNow) == snapshot);
    WEFT_FUZZ_CHECK(compacted.next_counter() == ledger.next_counter());
    WEFT_FUZZ_CHECK(compacted.revocations().size() == ledger.revocations().size());
    compacted.on_time(kNow);
    check_pool(compacted);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weft::fuzz::Input input{data, size};
    const bool is_raw = (input.u8() & 1U) != 0;
    const weft::ConstBytes network = input.take(16);
    const auto certificate = make_issuer(network);
    const weft::fuzz::Buffer bytes = is_raw ? weft::fuzz::copy_of(input.rest()) : framed(input);
    check_encoding(bytes);
    check_ledger(certificate, bytes);
    return 0;
}
