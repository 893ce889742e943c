// SPDX-License-Identifier: Apache-2.0
// With whom there are sessions and where they are, kept over restarts in STATE/INTERFACE.peers. No
// key of a session outlives the daemon, so the others would go on sending for 15 s what nobody can
// read, and those whose endpoint is known from their packets alone could not even be called. A node
// that starts again makes the handshakes itself. A line for each: KEY ENDPOINT. Control thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <weft/base/log.hpp>

#include "peer_watch.hpp"

namespace weft::control {

class LivePeers {
  public:
    static constexpr std::chrono::seconds kWriteEvery{5};  // at most

    struct Peer {
        KeyBytes public_key{};
        net::Endpoint endpoint;
    };

    /// `log` outlives it.
    LivePeers(std::filesystem::path file, Log& log) : file_(std::move(file)), log_(log) {}

    /// Those of an earlier run; a line that is not understood is left out.
    [[nodiscard]] std::vector<Peer> load();
    /// Each second with all peers there are.
    void keep(const std::vector<PeerSample>& samples, Time now);

  private:
    std::filesystem::path file_;
    Log& log_;
    std::string kept_;  // in the file
    std::optional<Time> written_;
    bool failed_ = false;
};

}  // namespace weft::control
