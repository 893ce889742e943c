// SPDX-License-Identifier: Apache-2.0
// See live_peers.hpp. Control thread.
#include "live_peers.hpp"

#include <algorithm>

#include <weft/base/encoding.hpp>
#include <weft/wg/constants.hpp>

#include "state_file.hpp"

namespace weft::control {
namespace {

constexpr std::size_t kLineMax = 128;  // 44 of a key, 47 of an endpoint at most

std::optional<LivePeers::Peer> parse(std::string_view line) {
    LivePeers::Peer peer;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || !from_base64(line.substr(0, space), peer.public_key)) {
        return std::nullopt;
    }
    const auto endpoint = net::Endpoint::parse(line.substr(space + 1));
    if (!endpoint || !endpoint->valid()) {
        return std::nullopt;
    }
    peer.endpoint = *endpoint;
    return peer;
}

std::string text_of(const std::vector<PeerSample>& samples) {
    std::string text;
    for (const PeerSample& sample : samples) {
        // A scope is an interface's number, and may be another's after a restart.
        if (sample.session_live && sample.endpoint && sample.endpoint->scope_id == 0) {
            text += to_base64(sample.public_key) + ' ' + sample.endpoint->to_string() + '\n';
        }
    }
    return text;
}

}  // namespace

std::vector<LivePeers::Peer> LivePeers::load() {
    const Result<std::string> text = read_state_file(file_, kLineMax * wg::kPeersMax);
    if (!text) {
        if (text.error().code != std::errc::no_such_file_or_directory) {
            log_.warn("live_peers_unusable", {{"cause", text.error().message()}});
        }
        return {};
    }
    std::vector<Peer> peers;
    for (std::string_view rest = *text; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        if (const auto peer = parse(rest.substr(0, end))) {
            peers.push_back(*peer);
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    kept_ = *text;
    return peers;
}

void LivePeers::keep(const std::vector<PeerSample>& samples, Time now) {
    if (!written_ && !kept_.empty()) {
        written_ = now;  // those that were called have yet to answer
    }
    if (written_ && now - *written_ < kWriteEvery) {
        return;
    }
    std::string text = text_of(samples);
    if (text == kept_) {
        return;
    }
    written_ = now;
    const Result<> replaced = replace_state_file(file_, text);
    if (!replaced && !failed_) {
        log_.warn("live_peers_not_kept",
                  {{"cause", replaced.error().message()},
                   {"remedy", "make the state directory writable"}});
    }
    failed_ = !replaced;
    if (replaced) {
        kept_ = std::move(text);
    }
}

}  // namespace weft::control
