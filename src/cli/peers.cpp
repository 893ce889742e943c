// SPDX-License-Identifier: Apache-2.0
// weft peer add, list and rm: a phone or a laptop with a WireGuard of its own becomes a peer of
// this node, with an address of the node's block. It is written down beside weft.toml, in
// weft.toml.d/peer-NAME.toml, and weftd reloads; that its address is routed keeps containers off
// it. Its private key is made here, printed, and kept nowhere. One thread.
#include <algorithm>
#include <array>
#include <cerrno>
#include <ostream>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weft/base/encoding.hpp>
#include <weft/base/wipe.hpp>
#include <weft/base/write_file.hpp>
#include <weft/crypto/x25519.hpp>
#include <weft/ipam/store.hpp>

#include "commands.hpp"
#include "new_file.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

using Path = std::filesystem::path;

constexpr const char* kFilePrefix = "peer-";
constexpr mode_t kConfigMode = 0644;
constexpr mode_t kKeyMode = 0600;
constexpr unsigned kAddressesTried = 1 << 16;
/// NATs forget a way that nobody uses after 30 s or more (wg(8)).
constexpr int kKeepalive = 25;

/// What it has to know of this node, and this node of it.
struct Meeting {
    api::MemberStatus node;
    std::vector<std::string> pools;
    std::uint32_t mtu = 0;
    std::vector<net::IpAddress> addresses;  // its own, one of each family
};

Path config_of(const Context& context, const std::string& name, const char* suffix) {
    return Path{context.paths.config.string() + ".d"} / (kFilePrefix + name + suffix);
}

/// The `number`th from the end of the block, which containers come to last.
net::IpAddress from_the_end(const net::Prefix& block, unsigned number) {
    ByteArray<16> bytes{};
    const ConstBytes first = block.masked().address.bytes();
    std::copy(first.begin(), first.end(), bytes.begin());
    const unsigned host_bits = std::min(16U, unsigned{block.address.bits()} - block.length);
    const unsigned host = ((1U << host_bits) - 1) - number;
    bytes[first.size() - 2] |= static_cast<std::byte>(host >> 8U);
    bytes[first.size() - 1] |= static_cast<std::byte>(host);
    const std::span<const std::byte, 16> all{bytes};
    return block.address.is_v4() ? net::IpAddress{all.first<4>()} : net::IpAddress{all};
}

Result<net::IpAddress> free_address(const net::Prefix& block,
                                    const ipam::Ledger& ledger,
                                    const config::Config& config) {
    const unsigned host_bits = std::min(16U, unsigned{block.address.bits()} - block.length);
    for (unsigned i = 0; i < std::min(kAddressesTried, 1U << host_bits); ++i) {
        const net::IpAddress address = from_the_end(block, i);
        const bool is_a_peers =
            std::any_of(config.peers.begin(), config.peers.end(), [&](const auto& peer) {
                return std::any_of(peer.allowed_ips.begin(),
                                   peer.allowed_ips.end(),
                                   [&](const net::Prefix& prefix) {
                                       return prefix.length > 0 && prefix.contains(address);
                                   });
            });
        if (ipam::is_assignable(address, block) && ledger.owner(address) == nullptr &&
            !is_a_peers) {
            return address;
        }
    }
    return invalid("no free address in " + block.to_string(), "weft ipam show; weft peer list");
}

Result<> choose_addresses(const config::Config& config, Meeting& meeting) {
    const Result<ipam::Journal> journal = ipam::read(ipam::kDirectoryDefault);
    if (!journal) {
        return journal.error();
    }
    const Result<ipam::Ledger> ledger = ipam::replay(*journal);
    if (!ledger) {
        return ledger.error();
    }
    for (const bool v4 : {true, false}) {
        for (const std::string& text : meeting.node.blocks) {
            const auto block = net::Prefix::parse(text);
            if (!block || block->address.is_v4() != v4) {
                continue;
            }
            const auto address = free_address(*block, *ledger, config);
            if (!address) {
                return address.error();
            }
            meeting.addresses.push_back(*address);
            break;
        }
    }
    return {};
}

Answer ask_meeting(const Context& context, Meeting& meeting) {
    Answer answer = ask_quietly(context, {"GET", "/v1/members"});
    if (answer.exit_code != kOk) {
        return answer;
    }
    const auto members = api::parse_members(answer.body);
    if (!members) {
        return {kFailed, {}, members.error()};
    }
    const auto self = std::find_if(members->members.begin(),
                                   members->members.end(),
                                   [](const auto& member) { return member.self; });
    if (self == members->members.end()) {
        return {kFailed,
                {},
                invalid("this node is in no network: it has no addresses to give away",
                        "weft init, or weft join TOKEN; else write a [[peer]] into weft.toml")};
    }
    meeting.node = *self;
    meeting.pools = members->pools;
    answer = ask_quietly(context, {"GET", "/v1/status"});
    if (answer.exit_code != kOk) {
        return answer;
    }
    const auto status = api::parse_status(answer.body);
    if (!status) {
        return {kFailed, {}, status.error()};
    }
    meeting.mtu = status->node.mtu;
    return {};
}

std::vector<std::string> hosts(const std::vector<net::IpAddress>& addresses) {
    std::vector<std::string> texts;
    texts.reserve(addresses.size());
    for (const net::IpAddress& address : addresses) {
        texts.push_back(net::Prefix::host(address).to_string());
    }
    return texts;
}

/// As weftd's own files: it may be another user.
Result<> put(const Context& context, const Path& file, std::string_view text, mode_t mode) {
    if (Result<> written = replace_file(file, bytes_of(text), mode); !written) {
        return written;
    }
    struct stat state {};
    if (mode == kKeyMode && ::geteuid() == 0 &&
        ::stat(context.paths.state_dir.c_str(), &state) == 0 &&
        ::chown(file.c_str(), state.st_uid, state.st_gid) != 0) {
        return errno_error(errno, file.string());
    }
    return {};
}

void take_away(const Context& context, const std::string& name) {
    for (const char* suffix : {".toml", ".psk"}) {
        ::unlink(config_of(context, name, suffix).c_str());
    }
}

/// weftd's side of it, in force; nothing of it after an error.
Answer make_known(const Context& context,
                  const NewPeer& peer,
                  const Meeting& meeting,
                  const std::string& public_key,
                  std::string_view preshared_key) {
    const Path file = config_of(context, peer.name, ".toml");
    const Path key_file = config_of(context, peer.name, ".psk");
    std::string allowed;
    for (const std::string& host : hosts(meeting.addresses)) {
        allowed += (allowed.empty() ? "\"" : ", \"") + host + "\"";
    }
    const std::string text =
        "# By weft peer add; weft peer rm " + peer.name + " takes it away.\n[[peer]]\nname = \"" +
        peer.name + "\"\npublic_key = \"" + public_key + "\"\npreshared_key_file = \"" +
        std::filesystem::absolute(key_file).string() + "\"\nallowed_ips = [" + allowed + "]\n";
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);  // told by the write
    std::string key_line = std::string{preshared_key} + "\n";
    const Wiped key{key_line};
    Result<> written = put(context, key_file, key_line, kKeyMode);
    if (written) {
        written = put(context, file, text, kConfigMode);
    }
    Answer answer = written ? ask_quietly(context, {"POST", "/v1/reload"})
                            : Answer{kFailed, {}, written.error()};
    if (answer.exit_code != kOk) {
        take_away(context, peer.name);
        static_cast<void>(ask_quietly(context, {"POST", "/v1/reload"}));
    }
    return answer;
}

std::string wg_quick(const Meeting& meeting,
                     const std::string& endpoint,
                     const std::string& private_key,
                     const std::string& preshared_key) {
    return "[Interface]\nPrivateKey = " + private_key +
           "\nAddress = " + format_list(hosts(meeting.addresses)) +
           "\nMTU = " + std::to_string(meeting.mtu) + "\n\n[Peer]\n# " + meeting.node.name +
           "\nPublicKey = " + meeting.node.public_key + "\nPresharedKey = " + preshared_key +
           "\nEndpoint = " + endpoint + "\nAllowedIPs = " + format_list(meeting.pools) +
           "\nPersistentKeepalive = " + std::to_string(kKeepalive) + "\n";
}

/// On the terminal; the text goes by a pipe, for the arguments of a program are everybody's.
Result<> draw(const std::string& text) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return errno_error(errno, "pipe");
    }
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(ends[0], STDIN_FILENO);
        ::execlp("qrencode", "qrencode", "-t", "ansiutf8", nullptr);
        ::_exit(127);
    }
    ::close(ends[0]);
    const Result<> written = write_all(ends[1], bytes_of(text), "qrencode");
    ::close(ends[1]);
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0 || !written) {
        return invalid("no picture: qrencode is not installed, or failed",
                       "apt install qrencode, then qrencode -t ansiutf8 -r FILE");
    }
    return {};
}

int deliver(const Context& context, const NewPeer& peer, const std::string& text) {
    if (peer.file.empty()) {
        context.terminal.out << text << std::flush;
    } else if (const Result<> written = write_new(peer.file, text); !written) {
        return fail(context, written.error());
    }
    if (peer.qr) {
        if (const Result<> drawn = draw(text); !drawn) {
            fail(context, drawn.error());
        }
    }
    context.terminal.err << "the private key is in there and nowhere else; this node is reachable "
                            "at its Endpoint? weft status shows "
                         << printable(peer.name) << " once it calls\n";
    return kOk;
}

Result<> check_new(const Context& context, const NewPeer& peer, const config::Config& config) {
    if (!fits_target(peer.name)) {
        return invalid("'" + printable(peer.name) +
                       "' is no name: 1 to 64 letters, digits, "
                       "'-', '_' and '.'");
    }
    const auto known = std::find_if(config.peers.begin(),
                                    config.peers.end(),
                                    [&](const auto& each) { return each.name == peer.name; });
    if (known != config.peers.end()) {
        return invalid("there is a peer " + peer.name + " already, at " + known->where,
                       "weft peer rm " + peer.name + ", or another name");
    }
    std::error_code error;
    if (!peer.file.empty() && std::filesystem::exists(peer.file, error)) {
        return is_there_already(peer.file);
    }
    return ::access(context.paths.config.parent_path().c_str(), W_OK) == 0
               ? Result<>{}
               : errno_error(errno, context.paths.config.parent_path().string(), "run it as root");
}

}  // namespace

int add_peer(const Context& context, const NewPeer& peer) {
    const Result<config::Config> config = config::load(context.paths);
    if (!config) {
        return fail(context, config.error());
    }
    if (Result<> good = check_new(context, peer, *config); !good) {
        return fail(context, good.error());
    }
    Meeting meeting;
    if (const Answer asked = ask_meeting(context, meeting); asked.exit_code != kOk) {
        return fail(context, asked.error, asked.exit_code);
    }
    if (peer.endpoint.empty() && meeting.node.endpoints.empty()) {
        return fail(context,
                    invalid("nobody knows where this node is reached",
                            "--endpoint HOST:PORT, or node.advertise"));
    }
    if (Result<> chosen = choose_addresses(*config, meeting); !chosen) {
        return fail(context, chosen.error());
    }
    if (auto ready = crypto::initialize(); !ready) {
        return fail(context, ready.error());
    }
    SystemRandom random;
    const crypto::PrivateKey key = crypto::generate_private_key(random);
    Secret<32> preshared;
    random.fill(preshared.mutable_bytes());
    std::string private_text = to_base64(key.bytes());
    std::string preshared_text = to_base64(preshared.bytes());
    const Wiped private_wiped{private_text};
    const Wiped preshared_wiped{preshared_text};
    const std::string public_text = to_base64(crypto::public_key_of(key).bytes);
    const Answer known = make_known(context, peer, meeting, public_text, preshared_text);
    if (known.exit_code != kOk) {
        return fail(context, known.error, known.exit_code);
    }
    std::string text =
        wg_quick(meeting,
                 peer.endpoint.empty() ? meeting.node.endpoints.front() : peer.endpoint,
                 private_text,
                 preshared_text);
    const Wiped text_wiped{text};
    return deliver(context, peer, text);
}

int list_added_peers(const Context& context) {
    const Result<config::Config> config = config::load(context.paths);
    if (!config) {
        return fail(context, config.error());
    }
    std::vector<std::vector<std::string>> rows{{"NAME", "ADDRESSES", "PUBLIC KEY"}};
    for (const config::PeerConfig& peer : config->peers) {
        std::error_code error;
        if (std::filesystem::exists(config_of(context, peer.name, ".toml"), error)) {
            std::vector<std::string> addresses;
            for (const net::Prefix& prefix : peer.allowed_ips) {
                addresses.push_back(prefix.to_string());
            }
            rows.push_back({peer.name, format_list(addresses), to_base64(peer.public_key)});
        }
    }
    context.terminal.out << format_table(rows);
    return kOk;
}

int remove_peer(const Context& context, const std::string& name) {
    std::error_code error;
    if (!fits_target(name) || !std::filesystem::exists(config_of(context, name, ".toml"), error)) {
        return fail(context,
                    invalid("no peer " + printable(name) + " was added",
                            "weft peer list; others are taken out of weft.toml"));
    }
    take_away(context, name);
    return reload(context);
}

}  // namespace weft::cli
