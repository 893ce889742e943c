// SPDX-License-Identifier: Apache-2.0
// See discovered.hpp. Control thread.
#include "discovered.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include <weft/base/bytes.hpp>
#include <weft/discovery/command.hpp>

namespace weft::control {
namespace {

constexpr std::chrono::milliseconds kLookWhileBusy{100};
constexpr std::size_t kKeptMax = std::size_t{64} << 20;  // 16 sources of 16,384 machines and more

/// For messages: no arguments, which may be anything.
std::string shown(const config::DiscoveryConfig& source) {
    return (source.exec.empty() ? source.text() : source.exec.front()) + " (" + source.where + ")";
}

std::string utc_text(WallTime time) {
    const std::time_t seconds =
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    std::tm parts{};
    std::array<char, 32> text{};
    gmtime_r(&seconds, &parts);
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
    return text.data();
}

Result<discovery::Lists> parse_kept(ConstBytes bytes) {
    return discovery::parse_lists({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

const char* remedy_of(const config::DiscoveryConfig& source) {
    return source.exec.empty() ? "correct it; it is read again by itself"
                               : "run the program of discovery.exec by hand, as weftd does";
}

}  // namespace

Discovered::Discovered(boost::asio::io_context& loop,
                       const std::filesystem::path& file,
                       Log& log,
                       OnMachines on_machines)
    : log_(log),
      on_machines_(std::move(on_machines)),
      storage_(file.parent_path()),
      file_name_(file.filename().string()),
      timer_(loop) {}

void Discovered::configure(const std::vector<config::DiscoveryConfig>& sources) {
    load();
    std::vector<Source> before = std::exchange(sources_, {});
    for (const config::DiscoveryConfig& wanted : sources) {
        const auto same = std::find_if(before.begin(), before.end(), [&wanted](const Source& each) {
            return each.search && each.search->source().text() == wanted.text() &&
                   each.search->source().interval == wanted.interval;
        });
        if (same != before.end()) {
            same->search->set_place(wanted.where);
            sources_.push_back(std::move(*same));
        } else {
            sources_.push_back(
                {std::make_unique<MachineSearch>(wanted), BootClock::now(), std::nullopt});
        }
    }
    const auto is_program = [](const auto& source) { return !source.exec.empty(); };
    programs_run_as_ = std::any_of(sources.begin(), sources.end(), is_program)
                           ? std::optional{discovery::programs_run_as()}
                           : std::nullopt;
    retire_lists();
    publish();
    arm_timer();
}

void Discovered::stop() {
    timer_.cancel();
    sources_.clear();
}

// ---- Asking ----------------------------------------------------------------------------------

void Discovered::arm_timer() {
    if (sources_.empty()) {
        timer_.cancel();
        return;
    }
    const Time now = BootClock::now();
    Duration wait = Duration::max();
    for (const Source& source : sources_) {
        wait = std::min(wait, source.search->busy() ? kLookWhileBusy : source.due - now);
    }
    timer_.expires_after(std::max(wait, Duration::zero()));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            on_tick();
        }
    });
}

void Discovered::on_tick() {
    for (Source& source : sources_) {
        if (auto found = source.search->take()) {
            source.due = BootClock::now() + source.search->source().interval;
            on_answer(source, std::move(*found));
        }
        if (!source.search->busy() && source.due <= BootClock::now()) {
            if (Result<> started = source.search->start(); !started) {
                source.due = BootClock::now() + source.search->source().interval;
                on_failed(source, started.error());
            }
        }
    }
    arm_timer();
}

void Discovered::on_answer(Source& source, MachineSearch::Found found) {
    if (found) {
        on_found(source, std::move(*found));
    } else {
        on_failed(source, found.error());
    }
}

void Discovered::on_found(Source& source, std::vector<net::IpAddress> addresses) {
    const config::DiscoveryConfig& asked = source.search->source();
    if (source.failure) {
        log_.info("discovery_recovered", {{"source", shown(asked)}});
        source.failure.reset();
    }
    const auto [list, is_new] = lists_.try_emplace(asked.text());
    if (!is_new && list->second == addresses) {
        return;
    }
    list->second = std::move(addresses);
    log_.info("discovery_changed",
              {{"source", shown(asked)}, {"addresses", std::to_string(list->second.size())}});
    retire_lists();
    keep();
    publish();
}

void Discovered::on_failed(Source& source, const Error& error) {
    const bool is_news = !source.failure || source.failure->error.cause != error.cause;
    if (is_news) {
        log_.warn("discovery_failed",
                  {{"source", shown(source.search->source())}, {"cause", error.message()}});
    }
    source.failure = Failure{error, source.failure ? source.failure->since : wall_now()};
}

void Discovered::add_problems(std::vector<api::Problem>& out) const {
    if (programs_run_as_ == discovery::RunAs::kRoot) {
        out.push_back({"discovery_as_root",
                       "info",
                       discovery::kDiscoverUser,
                       "programs of [[discovery]] run as root: there is no such user",
                       std::string{"useradd --system --no-create-home --shell /usr/sbin/nologin "} +
                           discovery::kDiscoverUser + ", then weft reload"});
    }
    if (programs_run_as_ == discovery::RunAs::kDaemonsUser) {
        out.push_back(
            {"discovery_as_weft",
             "info",
             "discovery.exec",
             "programs of [[discovery]] run as weftd's own user, and could read its keys",
             std::string{"let a service of the user "} + discovery::kDiscoverUser +
                 " write what the program prints into a file, and name that: [[discovery]] "
                 "file, as weft-discover-scaleway.timer does"});
    }
    for (const Source& source : sources_) {
        if (!source.failure) {
            continue;
        }
        const config::DiscoveryConfig& asked = source.search->source();
        const auto list = lists_.find(asked.text());
        const std::string kept =
            list == lists_.end()
                ? "; no answer of it is known"
                : "; its last " + std::to_string(list->second.size()) + " addresses stay in force";
        const Error& error = source.failure->error;
        out.push_back({"discovery_failed",
                       "warning",
                       shown(asked),
                       error.cause + ", since " + utc_text(source.failure->since) + kept,
                       error.remedy.empty() ? remedy_of(asked) : error.remedy});
    }
}

// ---- Keeping and handing out -----------------------------------------------------------------

void Discovered::load() {
    if (std::exchange(loaded_, true)) {
        return;
    }
    const auto bytes = storage_.read(file_name_, kKeptMax);
    if (bytes && !*bytes) {
        return;
    }
    Result<discovery::Lists> lists = bytes ? parse_kept(**bytes) : bytes.error();
    if (!lists) {
        log_.warn("discovered_unusable",
                  {{"file", file_name_}, {"cause", lists.error().message()}});
        return;
    }
    lists_ = std::move(*lists);
}

void Discovered::keep() {
    if (Result<> kept = storage_.replace(file_name_, bytes_of(discovery::to_text(lists_))); !kept) {
        log_.warn(
            "discovered_not_kept",
            {{"cause", kept.error().message()}, {"remedy", "make the state directory writable"}});
    }
}

void Discovered::retire_lists() {
    std::vector<std::string> wanted;
    for (const Source& source : sources_) {
        wanted.push_back(source.search->source().text());
        if (!lists_.contains(wanted.back())) {
            return;
        }
    }
    const std::size_t retired = std::erase_if(lists_, [&wanted](const auto& entry) {
        return std::find(wanted.begin(), wanted.end(), entry.first) == wanted.end();
    });
    if (retired != 0) {
        keep();
    }
}

void Discovered::publish() {
    std::vector<net::IpAddress> machines;
    for (const auto& [source, addresses] : lists_) {
        machines.insert(machines.end(), addresses.begin(), addresses.end());
    }
    std::sort(machines.begin(), machines.end());
    machines.erase(std::unique(machines.begin(), machines.end()), machines.end());
    if (std::exchange(told_, machines) != machines) {
        on_machines_(std::move(machines));
    }
}

}  // namespace weft::control
