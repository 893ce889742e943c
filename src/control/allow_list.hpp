// SPDX-License-Identifier: Apache-2.0
// Whom the underlay is to let in: what the configuration allows, and the machines that each
// [[discovery]] names, asked at its interval. A source that fails changes nothing: its last good
// list counts, over restarts too (STATE/INTERFACE.discovered). So does that of a source which the
// configuration no longer has, until all that it has now have answered.
//
//   [[discovery]] -> control/machine_search ┐
//   STATE/INTERFACE.discovered ─────────────┼─> AllowList ─> on_allowed: lockdown's set
//   the configuration's own prefixes ───────┘            └─> on_machines: gossip's seeds
//
// Control thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <weft/api/status.hpp>
#include <weft/base/clock.hpp>
#include <weft/base/log.hpp>
#include <weft/config/config.hpp>
#include <weft/discovery/command.hpp>
#include <weft/discovery/kept_lists.hpp>
#include <weft/net/address.hpp>

#include "machine_search.hpp"
#include "state_storage.hpp"

namespace weft::control {

class AllowList {
  public:
    struct Callbacks {
        /// Sorted, each once; by the first configure() and whenever it is another.
        std::function<void(std::vector<net::Prefix>)> on_allowed;
        /// Of the machines alone, as they are found; sorted, each once.
        std::function<void(std::vector<net::IpAddress>)> on_machines;
    };

    /// `file`: where lists are kept. `loop` and `log` outlive it.
    AllowList(boost::asio::io_context& loop,
              const std::filesystem::path& file,
              Log& log,
              Callbacks callbacks);

    /// At start and with each reload: sources that are new are asked at once, those that stay go
    /// on.
    void configure(const std::vector<config::DiscoveryConfig>& sources,
                   std::vector<net::Prefix> allow);
    /// Ends what runs. Idempotent.
    void stop();

    /// discovery_failed for each source whose last answer was none; discovery_as_root and
    /// discovery_as_weft, advice.
    void add_problems(std::vector<api::Problem>& out) const;

  private:
    struct Failure {
        Error error;
        WallTime since;
    };
    struct Source {
        std::unique_ptr<MachineSearch> search;
        Time due;
        std::optional<Failure> failure;
    };

    void arm_timer();
    void on_tick();
    void on_answer(Source& source, MachineSearch::Found found);
    void on_found(Source& source, std::vector<net::IpAddress> addresses);
    void on_failed(Source& source, const Error& error);
    void load();
    void keep();
    /// Forgets lists of sources that are no more, once every other has one.
    void retire_lists();
    void publish();

    Log& log_;
    Callbacks callbacks_;
    StateStorage storage_;
    std::string file_name_;
    bool loaded_ = false;
    std::optional<discovery::RunAs> programs_run_as_;  // where a source is a program
    std::vector<Source> sources_;
    discovery::Lists lists_;  // by the source's text; those of former sources too
    std::vector<net::Prefix> configured_;
    std::optional<std::vector<net::IpAddress>> told_machines_;
    std::optional<std::vector<net::Prefix>> told_allowed_;
    boost::asio::steady_timer timer_;
};

}  // namespace weft::control
