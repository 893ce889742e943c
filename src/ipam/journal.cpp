// SPDX-License-Identifier: Apache-2.0
// The events' one encoding as records (ledger.hpp has the frame). Pure.
//
//   1 reserved   container, interface, network, link, boot, since u64, u8 count, addresses,
//                uptime u64 or nothing
//   2 released   container, interface, at u64
//   3 dropped    container, interface
//   4 resting    address, since u64
//   5 cursor     address
//
//   texts: u8 + bytes · addresses: u8 family + 4 or 16 bytes
#include <array>

#include <weft/base/assert.hpp>
#include <weft/base/crc32c.hpp>
#include <weft/ipam/ledger.hpp>
#include <weft/net/address_bytes.hpp>

namespace weft::ipam {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeaderSize = 4;
constexpr std::size_t kCrcSize = 4;
constexpr std::size_t kPayloadMax = 5 * (1 + kTextMax) + 8 + 1 + kAddressesMax * (1 + 16) + 8;
constexpr std::size_t kRecordMax = kHeaderSize + kPayloadMax + kCrcSize;

// ---- Writing ------------------------------------------------------------------------------------

void write_text(ByteWriter& out, const std::string& text) {
    WEFT_ASSERT(text.size() <= kTextMax);
    out.write(static_cast<std::uint8_t>(text.size()));
    out.append(text);
}

void write(ByteWriter& out, const Attachment& attachment) {
    write_text(out, attachment.container);
    write_text(out, attachment.interface);
}

void write(ByteWriter& out, const Reserved& event) {
    WEFT_ASSERT(event.lease.addresses.size() <= kAddressesMax);
    write(out, event.attachment);
    write_text(out, event.lease.network);
    write_text(out, event.lease.link);
    write_text(out, event.lease.boot);
    out.write(event.lease.since);
    out.write(static_cast<std::uint8_t>(event.lease.addresses.size()));
    for (const net::IpAddress& address : event.lease.addresses) {
        net::append(out, address);
    }
    if (event.lease.uptime) {
        out.write(*event.lease.uptime);
    }
}

void write(ByteWriter& out, const Released& event) {
    write(out, event.attachment);
    out.write(event.at);
}

void write(ByteWriter& out, const Dropped& event) {
    write(out, event.attachment);
}

void write(ByteWriter& out, const Resting& event) {
    net::append(out, event.address);
    out.write(event.since);
}

void write(ByteWriter& out, const Cursor& event) {
    net::append(out, event.address);
}

// ---- Reading ------------------------------------------------------------------------------------

std::string read_text(ByteReader& in) {
    const ConstBytes bytes = in.take(in.read<std::uint8_t>());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

net::IpAddress read_address(ByteReader& in) {
    const auto address = net::read_address(in);
    if (!address) {
        in.fail();
    }
    return address.value_or(net::IpAddress{});
}

Attachment read_attachment(ByteReader& in) {
    Attachment attachment;
    attachment.container = read_text(in);
    attachment.interface = read_text(in);
    return attachment;
}

Event read_reserved(ByteReader& in) {
    Reserved event;
    event.attachment = read_attachment(in);
    event.lease.network = read_text(in);
    event.lease.link = read_text(in);
    event.lease.boot = read_text(in);
    event.lease.since = in.read<std::uint64_t>();
    const auto count = in.read<std::uint8_t>();
    if (count > kAddressesMax) {
        in.fail();
    }
    for (unsigned i = 0; i < count && !in.failed(); ++i) {
        event.lease.addresses.push_back(read_address(in));
    }
    if (in.left() > 0) {
        event.lease.uptime = in.read<std::uint64_t>();
    }
    return event;
}

Event read_released(ByteReader& in) {
    Attachment attachment = read_attachment(in);
    return Released{std::move(attachment), in.read<std::uint64_t>()};
}

Event read_dropped(ByteReader& in) {
    return Dropped{read_attachment(in)};
}

Event read_resting(ByteReader& in) {
    const net::IpAddress address = read_address(in);
    return Resting{address, in.read<std::uint64_t>()};
}

Event read_cursor(ByteReader& in) {
    return Cursor{read_address(in)};
}

/// By type, which counts from 1 in the order of Event's alternatives.
constexpr std::array<Event (*)(ByteReader&), std::variant_size_v<Event>> kReaders{
    read_reserved, read_released, read_dropped, read_resting, read_cursor};

struct Frame {
    std::uint8_t type = 0;
    std::uint8_t version = 0;
    ConstBytes payload;
};

/// The record at the front of `bytes`; nullopt where it is cut short or its checksum is not right.
std::optional<Frame> frame_at(ConstBytes bytes) {
    ByteReader in{bytes};
    const auto length = in.read<std::uint16_t>();
    Frame frame;
    frame.type = in.read<std::uint8_t>();
    frame.version = in.read<std::uint8_t>();
    if (length > kPayloadMax) {
        return std::nullopt;
    }
    frame.payload = in.take(length);
    const auto found = in.read<std::uint32_t>();
    if (in.failed() || found != crc32c(bytes.first(kHeaderSize + length))) {
        return std::nullopt;
    }
    return frame;
}

/// Whether what cannot be read is what a crash left of the last writes and not damage.
bool is_torn(ConstBytes rest) {
    if (rest.size() > kUnsyncedMax + kRecordMax) {
        return false;
    }
    while (rest.size() > kHeaderSize + kCrcSize) {
        rest = rest.subspan(1);
        if (frame_at(rest)) {
            return false;
        }
    }
    return true;
}

Error unreadable(std::size_t record, std::size_t at, const std::string& how, std::string remedy) {
    return Error{std::make_error_code(std::errc::bad_message),
                 "the address ledger is unreadable: record " + std::to_string(record) +
                     " at byte " + std::to_string(at) + " " + how,
                 std::move(remedy)};
}

Error damaged(std::size_t record, std::size_t at) {
    return unreadable(record, at, "is damaged", kNewLedgerRemedy);
}

Result<Event> event_of(const Frame& frame, std::size_t record, std::size_t at) {
    if (frame.version != kVersion || frame.type == 0 || frame.type > kReaders.size()) {
        return unreadable(record,
                          at,
                          "is of type " + std::to_string(frame.type) + ", version " +
                              std::to_string(frame.version) + ", which this weft does not know",
                          "use the weft-cni that wrote it, or a newer one");
    }
    ByteReader in{frame.payload};
    Event event = kReaders[frame.type - std::size_t{1}](in);
    if (!in.done()) {
        return damaged(record, at);
    }
    return event;
}

}  // namespace

std::vector<std::byte> encode(const Event& event) {
    ByteWriter payload;
    std::visit([&](const auto& each) { write(payload, each); }, event);
    ByteWriter record{kHeaderSize + payload.size() + kCrcSize};
    record.write(static_cast<std::uint16_t>(payload.size()));
    record.write(static_cast<std::uint8_t>(event.index() + 1));
    record.write(kVersion);
    record.append(payload.bytes());
    record.write(crc32c(record.bytes()));
    return std::move(record).release();
}

Result<Journal> read_journal(ConstBytes bytes) {
    Journal journal;
    while (journal.size < bytes.size()) {
        const ConstBytes rest = bytes.subspan(journal.size);
        const std::size_t record = journal.events.size() + 1;
        const auto frame = frame_at(rest);
        if (!frame) {
            if (is_torn(rest)) {
                break;
            }
            return damaged(record, journal.size);
        }
        Result<Event> event = event_of(*frame, record, journal.size);
        if (!event) {
            return event.error();
        }
        journal.events.push_back(std::move(*event));
        journal.size += kHeaderSize + frame->payload.size() + kCrcSize;
    }
    return journal;
}

}  // namespace weft::ipam
