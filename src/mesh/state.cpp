// SPDX-License-Identifier: Apache-2.0
// See state.hpp. Pure but for the storage.
#include <array>
#include <utility>

#include <sodium.h>

#include <weft/base/assert.hpp>
#include <weft/base/byte_reader.hpp>
#include <weft/base/byte_writer.hpp>
#include <weft/base/checksum.hpp>
#include <weft/mesh/state.hpp>
#include <weft/net/address_bytes.hpp>

namespace weft::mesh {
namespace {

using Content = std::vector<std::byte>;
using MaybeContent = std::optional<Content>;

struct File {
    std::string_view name;
    char kind;
};
constexpr File kNodeKey{"node.key", 'K'};
constexpr File kNextKey{"next.key", 'K'};
constexpr File kNetwork{"network", 'N'};
constexpr File kTrust{"trust", 'T'};
constexpr File kMembers{"members", 'M'};
constexpr File kEpoch{"epoch", 'E'};
constexpr File kTime{"time", 'E'};
constexpr File kIssuerKey{"issuer.key", 'I'};

constexpr std::string_view kMagic = "WFT";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeadSize = kMagic.size() + 2;
constexpr std::size_t kChecksumSize = 8;
// Reserved at once: growing would leave copies of the root's seed behind.
constexpr std::size_t kNetworkSizeMax = 2'048;

enum class Statement : std::uint8_t { kSuccessor = 1, kIssuer = 2, kRevocation = 3 };

/// Bytes that may hold keys: wiped when they go.
class Wiped {
  public:
    explicit Wiped(Content bytes) : bytes_(std::move(bytes)) {}
    Wiped(const Wiped&) = delete;
    Wiped& operator=(const Wiped&) = delete;
    ~Wiped() { sodium_memzero(bytes_.data(), bytes_.size()); }
    [[nodiscard]] ConstBytes bytes() const { return bytes_; }

  private:
    Content bytes_;
};

Error damaged(const File& file, const std::string& what) {
    return Error{
        std::make_error_code(std::errc::bad_message),
        "the state file " + std::string{file.name} + " " + what,
        "restore it from a backup; or move the state files away, start weftd and join again: "
        "weft token create --replace NAME gives a token for the same blocks"};
}

/// The payload of a file's content.
Result<ConstBytes> open(const File& file, ConstBytes content) {
    ByteReader reader{content};
    const bool ours =
        reader.skip(kMagic) && reader.read<std::uint8_t>() == static_cast<std::uint8_t>(file.kind);
    const auto version = reader.read<std::uint8_t>();
    if (!ours || content.size() < kHeadSize + kChecksumSize) {
        return damaged(file, "is not one of weft's");
    }
    if (version != kVersion) {
        return Error{std::make_error_code(std::errc::bad_message),
                     "the state file " + std::string{file.name} + " has version " +
                         std::to_string(version) + ", this weft reads version " +
                         std::to_string(kVersion),
                     "install the weft that wrote it, or a newer one"};
    }
    const ConstBytes body = content.first(content.size() - kChecksumSize);
    const ByteArray<kChecksumSize> sum = checksum<kChecksumSize>(body);
    if (sodium_memcmp(sum.data(), content.data() + body.size(), sum.size()) != 0) {
        return damaged(file, "is damaged (its checksum is wrong)");
    }
    return body.subspan(kHeadSize);
}

ByteWriter begin(const File& file, std::size_t size = 0) {
    ByteWriter out{kHeadSize + size + kChecksumSize};
    out.append(kMagic);
    out.write(static_cast<std::uint8_t>(file.kind));
    out.write(kVersion);
    return out;
}

Result<> finish(Storage& storage, const File& file, ByteWriter out) {
    out.append(checksum<kChecksumSize>(out.bytes()));
    const Wiped content{std::move(out).release()};
    return storage.replace(file.name, content.bytes());
}

/// Reads a file and has its payload parsed by `parse`: reader in, value out; whatever it leaves
/// unread or reads beyond the end is damage.
template <class Value, class Parse>
Result<std::optional<Value>> load(Storage& storage, const File& file, const Parse& parse) {
    Result<MaybeContent> read = storage.read(file.name, kStateFileMax);
    if (!read) {
        return read.error();
    }
    if (!*read) {
        return std::optional<Value>{};
    }
    const Wiped content{std::move(**read)};
    const Result<ConstBytes> payload = open(file, content.bytes());
    if (!payload) {
        return payload.error();
    }
    ByteReader reader{*payload};
    std::optional<Value> value = parse(reader);
    if (!value || !reader.done()) {
        return damaged(file, "holds what none can");
    }
    return value;
}

Secret<32> read_secret(ByteReader& reader) {
    Secret<32> secret;
    reader.read_into(secret.mutable_bytes());
    return secret;
}

void append_sized(ByteWriter& out, ConstBytes bytes) {
    out.write(static_cast<std::uint16_t>(bytes.size()));
    out.append(bytes);
}
Content read_sized(ByteReader& reader) {
    const ConstBytes bytes = reader.take(reader.read<std::uint16_t>());
    return {bytes.begin(), bytes.end()};
}

void append_statement(ByteWriter& out, Statement kind, ConstBytes bytes) {
    out.write(static_cast<std::uint8_t>(kind));
    append_sized(out, bytes);
}

std::vector<Content>* list_of(TrustState& trust, std::uint8_t kind) {
    switch (kind) {
        case static_cast<std::uint8_t>(Statement::kSuccessor):
            return &trust.successors;
        case static_cast<std::uint8_t>(Statement::kIssuer):
            return &trust.issuers;
        case static_cast<std::uint8_t>(Statement::kRevocation):
            return &trust.revocations;
        default:
            return nullptr;
    }
}

std::optional<NetworkState> parse_network(ByteReader& reader) {
    NetworkState network;
    reader.read_into(network.first_root.bytes);
    network.blocks.v4 = reader.read<std::uint8_t>();
    network.blocks.v6 = reader.read<std::uint8_t>();
    const auto count = reader.read<std::uint8_t>();
    if (count > identity::kPoolsMax) {
        return std::nullopt;
    }
    for (unsigned i = 0; i < count; ++i) {
        const auto length = reader.read<std::uint8_t>();
        const auto address = net::read_address(reader);
        if (!address || length > address->bits()) {
            return std::nullopt;
        }
        network.pools.push_back({*address, length});
    }
    network.certificate = read_sized(reader);
    const auto seeds = reader.read<std::uint8_t>();
    if (seeds > identity::kJoinSeedsMax) {
        return std::nullopt;
    }
    for (unsigned i = 0; i < seeds; ++i) {
        identity::Seed& seed = network.seeds.emplace_back();
        reader.read_into(seed.node.bytes);
        reader.read_into(seed.gossip_key.bytes);
        seed.endpoint = net::read_endpoint(reader);
    }
    const auto has_root = reader.read<std::uint8_t>();
    if (has_root > 1) {
        return std::nullopt;
    }
    if (has_root == 1) {
        const auto number = reader.read<std::uint32_t>();
        network.root = RootKey{number, identity::SigningKey::from_seed(read_secret(reader))};
    }
    return network;
}

}  // namespace

NodeKeys NodeKeys::generate(RandomSource& random) {
    return {identity::SigningKey::generate(random),
            crypto::generate_private_key(random),
            crypto::generate_private_key(random)};
}

NodeKeys NodeKeys::next(RandomSource& random) const {
    return {identity.clone(),
            crypto::generate_private_key(random),
            crypto::generate_private_key(random)};
}

bool NodeKeys::are_of(const identity::Certificate& certificate) const {
    return certificate.identity_key == identity.verify_key() &&
           certificate.wireguard_key == crypto::public_key_of(wireguard) &&
           certificate.gossip_key == crypto::public_key_of(gossip);
}

// ---- Reading ---------------------------------------------------------------------------------

Result<std::optional<NodeKeys>> State::node_keys() {
    return keys(kNodeKey.name);
}
Result<std::optional<NodeKeys>> State::next_keys() {
    return keys(kNextKey.name);
}
Result<std::optional<NodeKeys>> State::keys(std::string_view file) {
    return load<NodeKeys>(storage_, {file, kNodeKey.kind}, [](ByteReader& reader) {
        auto identity = identity::SigningKey::from_seed(read_secret(reader));
        auto wireguard = read_secret(reader);
        return std::optional{
            NodeKeys{std::move(identity), std::move(wireguard), read_secret(reader)}};
    });
}

Result<std::optional<NetworkState>> State::network() {
    return load<NetworkState>(storage_, kNetwork, parse_network);
}

Result<std::optional<TrustState>> State::trust() {
    return load<TrustState>(storage_, kTrust, [](ByteReader& reader) -> std::optional<TrustState> {
        TrustState trust;
        while (reader.left() > 0) {
            std::vector<Content>* const list = list_of(trust, reader.read<std::uint8_t>());
            if (list == nullptr) {
                return std::nullopt;
            }
            list->push_back(read_sized(reader));
        }
        return trust;
    });
}

Result<std::optional<std::vector<KnownMember>>> State::members() {
    return load<std::vector<KnownMember>>(storage_, kMembers, [](ByteReader& reader) {
        std::vector<KnownMember> members;
        while (reader.left() > 0) {
            Content certificate = read_sized(reader);
            members.push_back({std::move(certificate), read_sized(reader)});
        }
        return std::optional{std::move(members)};
    });
}

Result<std::optional<IssuerKeys>> State::issuer_keys() {
    return load<IssuerKeys>(storage_, kIssuerKey, [](ByteReader& reader) {
        const auto number = reader.read<std::uint32_t>();
        auto signing = identity::SigningKey::from_seed(read_secret(reader));
        return std::optional{IssuerKeys{number, std::move(signing), read_secret(reader)}};
    });
}

Result<std::optional<std::uint64_t>> State::epoch() {
    return number(kEpoch.name);
}
Result<std::optional<identity::UnixSeconds>> State::time() {
    return number(kTime.name);
}
Result<std::optional<std::uint64_t>> State::number(std::string_view file) {
    return load<std::uint64_t>(storage_, {file, kEpoch.kind}, [](ByteReader& reader) {
        return std::optional{reader.read<std::uint64_t>()};
    });
}

// ---- Writing ---------------------------------------------------------------------------------

Result<> State::keep(const NodeKeys& keys) {
    return keep_keys(kNodeKey.name, keys);
}
Result<> State::keep_next(const NodeKeys& keys) {
    return keep_keys(kNextKey.name, keys);
}
Result<> State::remove_next_keys() {
    return storage_.remove(kNextKey.name);
}
Result<> State::keep_keys(std::string_view name, const NodeKeys& keys) {
    const File file{name, kNodeKey.kind};
    ByteWriter out = begin(file, 3 * Secret<32>::kSize);
    out.append(keys.identity.seed().bytes());
    out.append(keys.wireguard.bytes());
    out.append(keys.gossip.bytes());
    return finish(storage_, file, std::move(out));
}

Result<> State::keep(const NetworkState& network) {
    WEFT_ASSERT(network.pools.size() <= identity::kPoolsMax);
    WEFT_ASSERT(network.seeds.size() <= identity::kJoinSeedsMax);
    ByteWriter out = begin(kNetwork, kNetworkSizeMax);
    out.append(network.first_root.bytes);
    out.write(network.blocks.v4);
    out.write(network.blocks.v6);
    out.write(static_cast<std::uint8_t>(network.pools.size()));
    for (const net::Prefix& pool : network.pools) {
        out.write(pool.length);
        net::append(out, pool.address);
    }
    append_sized(out, network.certificate);
    out.write(static_cast<std::uint8_t>(network.seeds.size()));
    for (const identity::Seed& seed : network.seeds) {
        out.append(seed.node.bytes);
        out.append(seed.gossip_key.bytes);
        net::append(out, seed.endpoint);
    }
    out.write(static_cast<std::uint8_t>(network.root ? 1 : 0));
    if (network.root) {
        out.write(network.root->number);
        out.append(network.root->key.seed().bytes());
    }
    return finish(storage_, kNetwork, std::move(out));
}

Result<> State::keep(const identity::TrustStore& trust) {
    ByteWriter out = begin(kTrust);
    for (const identity::SignedBytes& bytes : trust.successors()) {
        append_statement(out, Statement::kSuccessor, *bytes);
    }
    for (const auto& [number, issuer] : trust.issuers()) {
        append_statement(out, Statement::kIssuer, *issuer.bytes);
    }
    for (const auto& [signer, list] : trust.revocations()) {
        for (const identity::SignedBytes& bytes : list) {
            append_statement(out, Statement::kRevocation, *bytes);
        }
    }
    return finish(storage_, kTrust, std::move(out));
}

Result<> State::keep(const std::vector<KnownMember>& members) {
    ByteWriter out = begin(kMembers);
    for (const KnownMember& member : members) {
        append_sized(out, member.certificate);
        append_sized(out, member.record);
    }
    return finish(storage_, kMembers, std::move(out));
}

Result<> State::keep(const IssuerKeys& issuer) {
    ByteWriter out = begin(kIssuerKey, sizeof issuer.number + 2 * Secret<32>::kSize);
    out.write(issuer.number);
    out.append(issuer.signing.seed().bytes());
    out.append(issuer.sealing.bytes());
    return finish(storage_, kIssuerKey, std::move(out));
}

Result<> State::keep_epoch(std::uint64_t epoch) {
    ByteWriter out = begin(kEpoch);
    out.write(epoch);
    return finish(storage_, kEpoch, std::move(out));
}
Result<> State::keep_time(identity::UnixSeconds time) {
    ByteWriter out = begin(kTime);
    out.write(time);
    return finish(storage_, kTime, std::move(out));
}

Result<> State::forget() {
    for (const std::string_view file : {kNetwork.name,
                                        kMembers.name,
                                        kTrust.name,
                                        kIssuerKey.name,
                                        kIssuerJournal,
                                        kNextKey.name,
                                        kNodeKey.name,
                                        kEpoch.name,
                                        kTime.name}) {
        if (Result<> removed = storage_.remove(file); !removed) {
            return removed;
        }
    }
    return {};
}

}  // namespace weft::mesh
