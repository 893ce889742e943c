// SPDX-License-Identifier: Apache-2.0
// See machine_search.hpp. search() runs on the search's own thread, all else on the control thread.
#include "machine_search.hpp"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <utility>

#include <fcntl.h>

#include <weft/base/assert.hpp>
#include <weft/base/read_to_end.hpp>
#include <weft/discovery/command.hpp>
#include <weft/discovery/machines.hpp>
#include <weft/sys/wake_fd.hpp>

#include "signals_blocked.hpp"

namespace weft::control {
namespace {

constexpr std::uint16_t kAnyPort = 1;  // a name's addresses are wanted, the resolver has endpoints

Result<std::string> read_document(const std::filesystem::path& file) {
    const UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (!fd.valid()) {
        return errno_error(errno, file.string(), "write it, as the program of a discovery.exec");
    }
    return read_to_end(fd, discovery::kDocumentMax, file.string());
}

Error nobody() {
    return Error{std::make_error_code(std::errc::no_message),
                 "it names no machine, although this one is",
                 "check its filters: zone, project, tags"};
}

}  // namespace

struct MachineSearch::Shared {
    sys::WakeFd stop;
    std::mutex mutex;  // guards found
    std::optional<Found> found;
};

MachineSearch::~MachineSearch() {
    end_thread();
}

void MachineSearch::end_thread() {
    if (!thread_.joinable()) {
        return;
    }
    shared_->stop.wake();
    if (source_.exec.empty()) {
        thread_.detach();  // it shares nothing but `shared_`
    } else {
        thread_.join();
    }
}

MachineSearch::Found MachineSearch::search(const config::DiscoveryConfig& source,
                                           const Shared& shared) {
    discovery::Command command;
    command.arguments = source.exec;
    command.output_max = discovery::kDocumentMax;
    const Result<std::string> text = source.exec.empty()
                                         ? read_document(source.file)
                                         : discovery::run(command, shared.stop.fd());
    if (!text) {
        return text.error();
    }
    const auto machines = discovery::parse_machines(*text);
    if (!machines) {
        return machines.error();
    }
    auto addresses = discovery::addresses_of(*machines);
    return addresses.empty() ? Found{nobody()} : Found{std::move(addresses)};
}

bool MachineSearch::start() {
    WEFT_ASSERT(!busy());
    if (!source_.dns.empty()) {
        return resolver_.ask({{{}, {source_.dns, kAnyPort}}});
    }
    auto shared = std::make_shared<Shared>();
    const SignalsBlocked blocked;
    try {
        thread_ = std::thread{[shared, source = source_] {
            Found found = search(source, *shared);
            const std::scoped_lock lock{shared->mutex};
            shared->found = std::move(found);
        }};
    } catch (const std::system_error&) {
        return false;
    }
    shared_ = std::move(shared);
    return true;
}

std::optional<MachineSearch::Found> MachineSearch::take_names() {
    const auto answers = resolver_.take_answers();
    if (answers.empty()) {
        return std::nullopt;
    }
    if (answers.front().endpoints.empty()) {
        return Error{std::make_error_code(std::errc::address_not_available),
                     source_.dns + " does not resolve: " + answers.front().cause,
                     "getent ahosts " + source_.dns};
    }
    std::vector<net::IpAddress> addresses;
    for (const net::Endpoint& endpoint : answers.front().endpoints) {
        if (discovery::is_machines(endpoint.address)) {
            addresses.push_back(endpoint.address);
        }
    }
    std::sort(addresses.begin(), addresses.end());
    addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
    return addresses.empty() ? Found{nobody()} : Found{std::move(addresses)};
}

std::optional<MachineSearch::Found> MachineSearch::take() {
    if (!source_.dns.empty()) {
        return take_names();
    }
    if (!shared_) {
        return std::nullopt;
    }
    std::optional<Found> found;
    {
        const std::scoped_lock lock{shared_->mutex};
        found = std::exchange(shared_->found, std::nullopt);
    }
    if (found) {
        thread_.join();  // it has nothing left to do
        shared_.reset();
    }
    return found;
}

}  // namespace weft::control
