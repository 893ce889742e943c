// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as the address ledger's journal, as they are or in records whose frames
// are made right. What can be read encodes to the bytes it came from; a ledger that takes it has
// each address with one owner, hands out none that somebody has, and its snapshot makes it again.
#include <weft/base/byte_writer.hpp>
#include <weft/base/crc32c.hpp>
#include <weft/ipam/ledger.hpp>

#include "framed.hpp"
#include "fuzz.hpp"

namespace {

namespace ipam = weft::ipam;

constexpr ipam::UnixMs kNow = 1'800'000'000'000;

weft::fuzz::Buffer framed(weft::fuzz::Input& input) {
    return weft::fuzz::framed(
        input, 1, [](weft::ByteWriter& record) { record.write(weft::crc32c(record.bytes())); });
}

void check_encoding(const ipam::Journal& journal, weft::ConstBytes bytes) {
    weft::ByteWriter again;
    for (const ipam::Event& event : journal.events) {
        again.append(ipam::encode(event));
    }
    WEFT_FUZZ_CHECK(again.size() == journal.size && journal.size <= bytes.size());
    WEFT_FUZZ_CHECK(std::equal(again.bytes().begin(), again.bytes().end(), bytes.begin()));
}

void check_owners(const ipam::Ledger& ledger) {
    for (const auto& [attachment, lease] : ledger.leases()) {
        for (const auto& address : lease.addresses) {
            const ipam::Attachment* const owner = ledger.owner(address);
            WEFT_FUZZ_CHECK(owner != nullptr && *owner == attachment);
            const weft::net::Prefix block{address, 24};
            const auto next = ledger.next(block, {}, kNow);
            WEFT_FUZZ_CHECK(!next ||
                            (ledger.owner(*next) == nullptr && !ledger.is_resting(*next, kNow) &&
                             ipam::is_assignable(*next, block)));
        }
    }
}

void check_snapshot(const ipam::Ledger& ledger) {
    const auto snapshot = ledger.snapshot(kNow);
    const auto journal = ipam::read_journal(snapshot);
    WEFT_FUZZ_CHECK(journal && journal->size == snapshot.size());
    ipam::Ledger again;
    for (const ipam::Event& event : journal->events) {
        WEFT_FUZZ_CHECK(again.apply(event).has_value());
    }
    WEFT_FUZZ_CHECK(again.leases() == ledger.leases() && again.snapshot(kNow) == snapshot);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weft::fuzz::Input input{data, size};
    const bool is_raw = (input.u8() & 1U) != 0;
    const weft::fuzz::Buffer bytes = is_raw ? weft::fuzz::copy_of(input.rest()) : framed(input);
    const auto journal = ipam::read_journal(bytes);
    if (!journal) {
        WEFT_FUZZ_CHECK(!journal.error().cause.empty() && !journal.error().remedy.empty());
        return 0;
    }
    check_encoding(*journal, bytes);
    ipam::Ledger ledger;
    for (const ipam::Event& event : journal->events) {
        if (const auto applied = ledger.apply(event); !applied) {
            WEFT_FUZZ_CHECK(!applied.error().remedy.empty());
            return 0;
        }
    }
    check_owners(ledger);
    check_snapshot(ledger);
    return 0;
}
