// SPDX-License-Identifier: Apache-2.0
// Asks one source of discovery for machines without holding up the control thread: programs and
// files on a thread of their own, names by the resolver. Control thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/config/config.hpp>
#include <weft/net/address.hpp>

#include "resolver.hpp"

namespace weft::control {

class MachineSearch {
  public:
    /// Addresses: sorted, each once, at least one.
    using Found = Result<std::vector<net::IpAddress>>;

    explicit MachineSearch(config::DiscoveryConfig source) : source_(std::move(source)) {}
    MachineSearch(const MachineSearch&) = delete;
    MachineSearch& operator=(const MachineSearch&) = delete;
    /// A program that runs is killed, which takes a moment; for who is stuck in the kernel, a
    /// silent file system or name server nobody waits.
    ~MachineSearch();

    [[nodiscard]] const config::DiscoveryConfig& source() const { return source_; }
    /// Its lines in the configuration have moved.
    void set_place(const std::string& where) { source_.where = where; }
    [[nodiscard]] bool busy() const { return shared_ != nullptr || resolver_.busy(); }
    /// Not while busy. Errors: there is no thread or descriptor to be had now.
    [[nodiscard]] Result<> start();
    /// The answer, once; never blocks.
    [[nodiscard]] std::optional<Found> take();

  private:
    struct Shared;
    static Found search(const config::DiscoveryConfig& source, const Shared& shared);
    static void run(const config::DiscoveryConfig& source, Shared& shared);
    [[nodiscard]] std::optional<Found> take_names();
    void end_thread();

    config::DiscoveryConfig source_;
    std::shared_ptr<Shared> shared_;  // with the thread
    std::thread thread_;
    Resolver resolver_;
};

}  // namespace weft::control
