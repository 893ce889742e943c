// SPDX-License-Identifier: Apache-2.0
// The machines that each [[discovery]] names, asked at its interval. A source that fails changes
// nothing: its last good list counts, over restarts too (STATE/INTERFACE.discovered). So does that
// of a source which the configuration no longer has, until all that it has now have answered.
//
//   [[discovery]] -> control/machine_search ┬─> Discovered ─> lockdown's set, gossip's seeds
//   STATE/INTERFACE.discovered ─────────────┘
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

class Discovered {
  public:
    /// Addresses, sorted, each once; by the first configure() and whenever they are others.
    using OnMachines = std::function<void(std::vector<net::IpAddress>)>;

    /// `file`: where lists are kept. `loop` and `log` outlive it.
    Discovered(boost::asio::io_context& loop,
               const std::filesystem::path& file,
               Log& log,
               OnMachines on_machines);

    /// At start and with each reload: sources that are new are asked at once, those that stay go
    /// on.
    void configure(const std::vector<config::DiscoveryConfig>& sources);
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
    OnMachines on_machines_;
    StateStorage storage_;
    std::string file_name_;
    bool loaded_ = false;
    std::optional<discovery::RunAs> programs_run_as_;  // where a source is a program
    std::vector<Source> sources_;
    discovery::Lists lists_;  // by the source's text; those of former sources too
    std::optional<std::vector<net::IpAddress>> told_;
    boost::asio::steady_timer timer_;
};

}  // namespace weft::control
