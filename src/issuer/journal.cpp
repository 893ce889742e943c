// SPDX-License-Identifier: Apache-2.0
// See journal.hpp. Written as ledgers are decided, read at the start.
#include "journal.hpp"

#include <algorithm>

#include <weft/base/assert.hpp>
#include <weft/base/checksum.hpp>
#include <weft/net/address_bytes.hpp>

namespace weft::issuer::journal {
namespace {

enum Flag : std::uint8_t { kEphemeral = 1, kFrom = 2, kReplaces = 4, kAllFlags = 7 };
enum RevocationForm : std::uint8_t { kNone = 0, kUndated = 1, kDated = 2 };

// ---- Writing ------------------------------------------------------------------------------------

template <std::unsigned_integral Size>
void write_sized(ByteWriter& out, ConstBytes bytes) {
    out.write(static_cast<Size>(bytes.size()));
    out.append(bytes);
}

void write(ByteWriter& out, const TokenCreated& event) {
    const Ledger::Token& token = event.token;
    out.append(event.id);
    out.append(token.key.bytes);
    out.write(token.created);
    out.write(token.expiry);
    out.write(token.uses);
    out.write(static_cast<std::uint8_t>((token.ephemeral ? kEphemeral : 0) |
                                        (token.from ? kFrom : 0) |
                                        (token.replaces ? kReplaces : 0)));
    write_sized<std::uint8_t>(out, bytes_of(token.name));
    if (token.from) {
        out.write(token.from->length);
        net::append(out, token.from->address);
    }
    if (token.replaces) {
        out.append(token.replaces->bytes);
    }
}

void write(ByteWriter& out, const TokenUsed& event) {
    out.append(event.id);
    out.append(event.use.identity_key.bytes);
    out.write(event.use.time);
    net::append(out, event.use.source);
    write_sized<std::uint8_t>(out, bytes_of(event.use.wanted));
}

void write(ByteWriter& out, const TokenWithdrawn& event) {
    out.append(event.id);
}

void write(ByteWriter& out, const Revoked& event) {
    out.write(static_cast<std::uint8_t>(event.dated ? kDated : kUndated));
    write_sized<std::uint16_t>(out, event.bytes);
}

void write(ByteWriter& out, const Granted& event) {
    out.write(static_cast<std::uint8_t>(event.by ? 1 : 0));
    if (event.by) {
        write(out, *event.by);
    }
    if (event.revoked) {
        write(out, *event.revoked);
    } else {
        out.write(static_cast<std::uint8_t>(kNone));
    }
    write_sized<std::uint16_t>(out, event.certificate);
}

void write(ByteWriter& out, const Counter& event) {
    out.write(event.next);
}

// ---- Reading ------------------------------------------------------------------------------------

template <std::unsigned_integral Size>
std::vector<std::byte> read_sized(ByteReader& in) {
    const ConstBytes bytes = in.take(in.read<Size>());
    return {bytes.begin(), bytes.end()};
}

/// A name, or none.
std::string read_name(ByteReader& in) {
    const auto bytes = read_sized<std::uint8_t>(in);
    std::string name{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    if (!name.empty() && !identity::valid_name(name)) {
        in.fail();
    }
    return name;
}

net::IpAddress read_address(ByteReader& in) {
    const auto address = net::read_address(in);
    if (!address) {
        in.fail();
    }
    return address.value_or(net::IpAddress{});
}

net::Prefix read_prefix(ByteReader& in) {
    const auto length = in.read<std::uint8_t>();
    const net::Prefix prefix{read_address(in), length};
    if (length > prefix.address.bits() || prefix != prefix.masked()) {
        in.fail();
        return {};
    }
    return prefix;
}

TokenCreated read_token_created(ByteReader& in) {
    TokenCreated event;
    Ledger::Token& token = event.token;
    in.read_into(event.id);
    in.read_into(token.key.bytes);
    token.created = in.read<std::uint64_t>();
    token.expiry = in.read<std::uint64_t>();
    token.uses = in.read<std::uint32_t>();
    const auto flags = in.read<std::uint8_t>();
    if ((flags & ~kAllFlags) != 0 || token.uses == 0 || token.uses > kTokenUsesMax) {
        in.fail();
    }
    token.ephemeral = (flags & kEphemeral) != 0;
    token.name = read_name(in);
    if ((flags & kFrom) != 0) {
        token.from = read_prefix(in);
    }
    if ((flags & kReplaces) != 0) {
        in.read_into(token.replaces.emplace().bytes);
    }
    return event;
}

TokenUsed read_token_used(ByteReader& in) {
    TokenUsed event;
    in.read_into(event.id);
    in.read_into(event.use.identity_key.bytes);
    event.use.time = in.read<std::uint64_t>();
    event.use.source = read_address(in);
    event.use.wanted = read_name(in);
    return event;
}

TokenWithdrawn read_token_withdrawn(ByteReader& in) {
    TokenWithdrawn event;
    in.read_into(event.id);
    return event;
}

std::optional<Revoked> read_revoked_if_any(ByteReader& in) {
    const auto form = in.read<std::uint8_t>();
    if (form > kDated) {
        in.fail();
    }
    if (form == kNone) {
        return std::nullopt;
    }
    return Revoked{read_sized<std::uint16_t>(in), form == kDated};
}

Revoked read_revoked(ByteReader& in) {
    auto revoked = read_revoked_if_any(in);
    if (!revoked) {
        in.fail();
        return {};
    }
    return *std::move(revoked);
}

Granted read_granted(ByteReader& in) {
    Granted event;
    const auto by_token = in.read<std::uint8_t>();
    if (by_token > 1) {
        in.fail();
    }
    if (by_token == 1) {
        event.by = read_token_used(in);
    }
    event.revoked = read_revoked_if_any(in);
    event.certificate = read_sized<std::uint16_t>(in);
    return event;
}

Counter read_counter(ByteReader& in) {
    return {in.read<std::uint32_t>()};
}

/// By type, which counts from 1 in the order of Event's alternatives.
Event read_payload(std::size_t alternative, ByteReader& in) {
    switch (alternative) {
        case 0:
            return read_token_created(in);
        case 1:
            return read_token_used(in);
        case 2:
            return read_token_withdrawn(in);
        case 3:
            return read_granted(in);
        case 4:
            return read_revoked(in);
        default:
            return read_counter(in);
    }
}

struct Frame {
    std::uint8_t type = 0;
    std::uint8_t version = 0;
    ConstBytes payload;
    [[nodiscard]] std::size_t size() const { return kHeaderSize + payload.size() + kChecksumSize; }
};

/// The record at the front of `bytes`; nullopt where it is cut short or its checksum is not right.
std::optional<Frame> frame_at(ConstBytes bytes) {
    ByteReader in{bytes};
    const auto length = in.read<std::uint16_t>();
    Frame frame;
    frame.type = in.read<std::uint8_t>();
    frame.version = in.read<std::uint8_t>();
    frame.payload = in.take(length);
    const ConstBytes found = in.take(kChecksumSize);
    if (in.failed() || length > kPayloadMax) {
        return std::nullopt;
    }
    const auto expected = checksum<kChecksumSize>(bytes.first(kHeaderSize + length));
    return std::equal(expected.begin(), expected.end(), found.begin()) ? std::optional{frame}
                                                                       : std::nullopt;
}

/// Whether a whole record begins anywhere: then what is before it is damage, not the end of a last
/// write.
bool holds_a_record(ConstBytes bytes) {
    for (; bytes.size() >= kHeaderSize + kChecksumSize; bytes = bytes.subspan(1)) {
        if (frame_at(bytes)) {
            return true;
        }
    }
    return false;
}

Error damaged(std::size_t record, std::size_t at, std::string_view how) {
    return invalid("issuer ledger: record " + std::to_string(record) + " at byte " +
                       std::to_string(at) + " " + std::string{how},
                   "restore the ledger from a backup, or move it away and start anew: the issuer "
                   "then learns from a member what it granted");
}

Result<Event> event_of(const Frame& frame, std::size_t record, std::size_t at) {
    if (frame.type == 0 || frame.type > std::variant_size_v<Event> || frame.version != kVersion) {
        return invalid("issuer ledger: record " + std::to_string(record) + " at byte " +
                           std::to_string(at) + " is of type " + std::to_string(frame.type) +
                           ", version " + std::to_string(frame.version) +
                           ", which this weft does not know",
                       "run the weft that wrote it, or a newer one");
    }
    ByteReader in{frame.payload};
    Event event = read_payload(frame.type - std::size_t{1}, in);
    if (!in.done()) {
        return damaged(record, at, "has a wrong content");
    }
    return event;
}

}  // namespace

std::vector<std::byte> encode(const Event& event) {
    ByteWriter payload;
    std::visit([&](const auto& each) { write(payload, each); }, event);
    WEFT_ASSERT(payload.size() <= kPayloadMax);

    ByteWriter record{kHeaderSize + payload.size() + kChecksumSize};
    record.write(static_cast<std::uint16_t>(payload.size()));
    record.write(static_cast<std::uint8_t>(event.index() + 1));
    record.write(kVersion);
    record.append(payload.bytes());
    record.append(checksum<kChecksumSize>(record.bytes()));
    return std::move(record).release();
}

Result<Read> read(ConstBytes journal) {
    if (journal.size() > kJournalSizeMax) {
        return invalid("issuer ledger: larger than any can be", "restore the ledger from a backup");
    }
    Read result;
    while (result.size < journal.size()) {
        const ConstBytes rest = journal.subspan(result.size);
        const std::size_t record = result.events.size() + 1;
        const auto frame = frame_at(rest);
        if (!frame) {
            if (holds_a_record(rest.subspan(1))) {
                return damaged(record, result.size, "is damaged");
            }
            break;
        }
        Result<Event> event = event_of(*frame, record, result.size);
        if (!event) {
            return event.error();
        }
        result.events.push_back(*std::move(event));
        result.size += frame->size();
    }
    return result;
}

}  // namespace weft::issuer::journal
