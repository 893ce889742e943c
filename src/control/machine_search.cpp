// SPDX-License-Identifier: Apache-2.0
// See machine_search.hpp. search() runs on the search's own thread, all else on the control thread.
#include "machine_search.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <exception>
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

constexpr std::chrono::milliseconds kProgramEnds{250};  // the control thread stands still as long
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
    explicit Shared(sys::WakeFd fd) : stop(std::move(fd)) {}

    sys::WakeFd stop;
    std::mutex mutex;  // guards found
    std::condition_variable answered;
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
    std::unique_lock lock{shared_->mutex};
    const auto limit = source_.exec.empty() ? std::chrono::milliseconds::zero() : kProgramEnds;
    const bool ended =
        shared_->answered.wait_for(lock, limit, [this] { return shared_->found.has_value(); });
    lock.unlock();
    if (ended) {
        thread_.join();
    } else {
        thread_.detach();  // it shares nothing but `shared_`
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

/// The thread. Whatever the program printed, the daemon lives.
void MachineSearch::run(const config::DiscoveryConfig& source, Shared& shared) {
    std::optional<Found> found;
    try {
        found = search(source, shared);
    } catch (const std::exception& error) {
        found = Found{invalid(std::string{"its answer cannot be taken: "} + error.what())};
    }
    const std::scoped_lock lock{shared.mutex};
    shared.found = std::move(found);
    shared.answered.notify_one();
}

Result<> MachineSearch::start() {
    WEFT_ASSERT(!busy());
    const Error no_thread = errno_error(EAGAIN, "start a thread");
    if (!source_.dns.empty()) {
        return resolver_.ask({{{}, {source_.dns, kAnyPort}}}) ? Result<>{} : no_thread;
    }
    auto stop = sys::WakeFd::open();
    if (!stop) {
        return stop.error();
    }
    auto shared = std::make_shared<Shared>(std::move(*stop));
    const SignalsBlocked blocked;
    try {
        thread_ = std::thread{[shared, source = source_] { run(source, *shared); }};
    } catch (const std::system_error&) {
        return no_thread;
    }
    shared_ = std::move(shared);
    return {};
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
