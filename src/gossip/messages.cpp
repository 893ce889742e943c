// SPDX-License-Identifier: Apache-2.0
// See messages.hpp. A message: u8 type, u16 size, body.
#include <weft/gossip/messages.hpp>

#include "encoding.hpp"

namespace weft::gossip {
namespace {

enum class Type : std::uint8_t {
    kPing = 1,
    kAck = 2,
    kPingRequest = 3,
    kNack = 4,
    kAccusation = 5,
    kMember = 6,
    kIssuer = 7,
    kRevocation = 8,
    kSuccessor = 9,
    kBuckets = 10,
    kSummary = 11,
    kWant = 12,
    kTrustHeads = 13,
    kPushedMember = 14,
    kPadding = 15,
    kInquiry = 16,
    kSight = 17,
};

constexpr std::size_t kMessageHeadSize = 3;
constexpr std::size_t kTrustEntriesMax = 64;

// ---- Writing -----------------------------------------------------------------------------------

struct BodyWriter {
    ByteWriter& to;

    Type operator()(const Ping& ping) const {
        to.write(ping.number);
        to.append_zeros(net::kEndpointBytesMax);
        return Type::kPing;
    }
    Type operator()(const Ack& ack) const {
        to.write(ack.number);
        append(to, ack.seen);
        return Type::kAck;
    }
    Type operator()(const PingRequest& request) const {
        to.write(request.number);
        append(to, request.target);
        return Type::kPingRequest;
    }
    Type operator()(const Nack& nack) const {
        to.write(nack.number);
        return Type::kNack;
    }
    Type operator()(const Accusation& accusation) const {
        append(to, accusation.target);
        append(to, accusation.order);
        append(to, accusation.accuser);
        return Type::kAccusation;
    }
    Type operator()(const MemberItem& item) const {
        to.write(static_cast<std::uint16_t>(item.certificate.size()));
        to.append(item.certificate);
        to.append(item.record);
        return item.pushed ? Type::kPushedMember : Type::kMember;
    }
    Type operator()(const IssuerItem& item) const {
        to.append(item.bytes);
        return Type::kIssuer;
    }
    Type operator()(const RevocationItem& item) const {
        to.append(item.bytes);
        return Type::kRevocation;
    }
    Type operator()(const SuccessorItem& item) const {
        to.append(item.bytes);
        return Type::kSuccessor;
    }
    Type operator()(const Buckets& buckets) const {
        for (const std::uint32_t digest : buckets.digests) {
            to.write(digest);
        }
        return Type::kBuckets;
    }
    Type operator()(const Summary& summary) const {
        append(to, summary.first);
        append(to, summary.last);
        for (const SummaryEntry& entry : summary.entries) {
            append(to, entry.node);
            to.write(entry.hash);
        }
        return Type::kSummary;
    }
    Type operator()(const Want& want) const {
        for (const NodeId& node : want.nodes) {
            append(to, node);
        }
        return Type::kWant;
    }
    Type operator()(const TrustHeads& heads) const {
        to.write(heads.successors);
        to.write(static_cast<std::uint8_t>(std::min(heads.issuers.size(), kTrustEntriesMax)));
        for (std::size_t i = 0; i < heads.issuers.size() && i < kTrustEntriesMax; ++i) {
            to.write(heads.issuers[i].first);
            to.write(heads.issuers[i].second);
        }
        for (std::size_t i = 0; i < heads.revocations.size() && i < kTrustEntriesMax; ++i) {
            to.write(heads.revocations[i].first);
            to.write(heads.revocations[i].second);
        }
        return Type::kTrustHeads;
    }
    Type operator()(const Inquiry& inquiry) const {
        to.write(inquiry.number);
        to.write(static_cast<std::uint8_t>(inquiry.begins ? 1 : 0));
        to.append_zeros(kSightSizeMax - 1);
        return Type::kInquiry;
    }
    Type operator()(const Sight& sight) const {
        to.write(sight.number);
        to.append(sight.bytes);
        return Type::kSight;
    }
};

// ---- Reading -----------------------------------------------------------------------------------

Message read_member(ByteReader& body, bool pushed) {
    MemberItem item;
    item.pushed = pushed;
    item.certificate = body.take(body.read<std::uint16_t>());
    item.record = body.take(body.left());
    return item;
}

Message read_summary(ByteReader& body) {
    Summary summary;
    summary.first = read_id(body);
    summary.last = read_id(body);
    while (body.left() > 0 && summary.entries.size() < kSummaryEntriesMax) {
        SummaryEntry& entry = summary.entries.emplace_back();
        entry.node = read_id(body);
        entry.hash = body.read<std::uint64_t>();
    }
    return summary;
}

Message read_want(ByteReader& body) {
    Want want;
    while (body.left() > 0 && want.nodes.size() < kSummaryEntriesMax) {
        want.nodes.push_back(read_id(body));
    }
    return want;
}

Message read_trust_heads(ByteReader& body) {
    TrustHeads heads;
    heads.successors = body.read<std::uint32_t>();
    auto issuers = body.read<std::uint8_t>();
    if (issuers > kTrustEntriesMax) {
        body.fail();
    }
    for (; issuers > 0 && !body.failed(); --issuers) {
        const auto number = body.read<std::uint32_t>();
        heads.issuers.emplace_back(number, body.read<std::uint32_t>());
    }
    while (body.left() > 0 && heads.revocations.size() < kTrustEntriesMax) {
        const auto signer = body.read<std::uint32_t>();
        heads.revocations.emplace_back(signer, body.read<std::uint64_t>());
    }
    return heads;
}

Message read_buckets(ByteReader& body) {
    Buckets buckets;
    for (std::uint32_t& digest : buckets.digests) {
        digest = body.read<std::uint32_t>();
    }
    return buckets;
}

Message read_accusation(ByteReader& body) {
    Accusation accusation;
    accusation.target = read_id(body);
    accusation.order = read_order(body);
    accusation.accuser = read_id(body);
    return accusation;
}

/// nullopt: a type of a later version.
std::optional<Message> read_body(Type type, ByteReader& body) {
    switch (type) {
        case Type::kPing: {
            const auto number = body.read<ProbeNumber>();
            (void)body.take(net::kEndpointBytesMax);
            return Ping{number};
        }
        case Type::kAck: {
            const auto number = body.read<ProbeNumber>();
            return Ack{number, read_endpoint(body)};
        }
        case Type::kPingRequest: {
            const auto number = body.read<ProbeNumber>();
            return PingRequest{number, read_id(body)};
        }
        case Type::kNack:
            return Nack{body.read<ProbeNumber>()};
        case Type::kAccusation:
            return read_accusation(body);
        case Type::kMember:
            return read_member(body, false);
        case Type::kPushedMember:
            return read_member(body, true);
        case Type::kIssuer:
            return IssuerItem{body.take(body.left())};
        case Type::kRevocation:
            return RevocationItem{body.take(body.left())};
        case Type::kSuccessor:
            return SuccessorItem{body.take(body.left())};
        case Type::kBuckets:
            return read_buckets(body);
        case Type::kSummary:
            return read_summary(body);
        case Type::kWant:
            return read_want(body);
        case Type::kTrustHeads:
            return read_trust_heads(body);
        case Type::kInquiry: {
            const auto number = body.read<ProbeNumber>();
            const bool begins = body.read<std::uint8_t>() != 0;
            (void)body.take(kSightSizeMax - 1);
            return Inquiry{number, begins};
        }
        case Type::kSight: {
            const auto number = body.read<ProbeNumber>();
            return Sight{number, body.take(std::min(body.left(), kSightSizeMax))};
        }
        case Type::kPadding:
            break;
    }
    return std::nullopt;
}

}  // namespace

DatagramWriter::DatagramWriter(const Header& header, std::size_t size_max) : size_max_(size_max) {
    ByteWriter writer{size_max};
    writer.write(header.time);
    writer.write(header.trust_count);
    writer.write(header.trust_digest);
    writer.write(header.members);
    writer.write(header.members_digest);
    bytes_ = std::move(writer).release();
}

bool DatagramWriter::add(const Message& message) {
    ByteWriter body;
    const Type type = std::visit(BodyWriter{body}, message);
    if (bytes_.size() + kMessageHeadSize + body.size() > size_max_) {
        return false;
    }
    ByteWriter head{kMessageHeadSize};
    head.write(static_cast<std::uint8_t>(type));
    head.write(static_cast<std::uint16_t>(body.size()));
    bytes_.insert(bytes_.end(), head.bytes().begin(), head.bytes().end());
    bytes_.insert(bytes_.end(), body.bytes().begin(), body.bytes().end());
    ++count_;
    return true;
}

void DatagramWriter::pad_to(std::size_t size) {
    if (bytes_.size() + kMessageHeadSize > size) {
        return;
    }
    const std::size_t zeros = size - bytes_.size() - kMessageHeadSize;
    ByteWriter padding{kMessageHeadSize + zeros};
    padding.write(static_cast<std::uint8_t>(Type::kPadding));
    padding.write(static_cast<std::uint16_t>(zeros));
    padding.append_zeros(zeros);
    bytes_.insert(bytes_.end(), padding.bytes().begin(), padding.bytes().end());
}

DatagramReader::DatagramReader(ConstBytes plaintext) {
    ByteReader reader{plaintext};
    Header header;
    header.time = reader.read<std::uint64_t>();
    header.trust_count = reader.read<std::uint32_t>();
    header.trust_digest = reader.read<std::uint32_t>();
    header.members = reader.read<std::uint32_t>();
    header.members_digest = reader.read<std::uint64_t>();
    if (reader.failed()) {
        malformed_ = true;
        return;
    }
    header_ = header;
    rest_ = reader.take(reader.left());
}

std::optional<Message> DatagramReader::next() {
    while (!rest_.empty()) {
        ByteReader reader{rest_};
        const auto type = static_cast<Type>(reader.read<std::uint8_t>());
        ByteReader body{reader.take(reader.read<std::uint16_t>())};
        rest_ = reader.take(reader.left());
        std::optional<Message> message;
        if (!reader.failed()) {
            message = read_body(type, body);
        }
        if (reader.failed() || (message && !body.done())) {
            malformed_ = true;
            rest_ = {};
            return std::nullopt;
        }
        if (message) {
            return message;
        }
    }
    return std::nullopt;
}

}  // namespace weft::gossip
