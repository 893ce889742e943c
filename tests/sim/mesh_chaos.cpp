// SPDX-License-Identifier: Apache-2.0
// See mesh_chaos.hpp.
#include "mesh_chaos.hpp"

namespace weft::sim {
namespace {

constexpr std::int64_t kYear_s = 365LL * 86'400;
constexpr std::int64_t kSince1970_s = 57 * kYear_s;
constexpr std::size_t kStoryMax = 80;

}  // namespace

Chaos::Chaos(MeshWorld& world, std::uint64_t seed, const Storm& storm)
    : world_(world), random_(seed ^ 0xc4a05ULL), storm_(storm), tales_(storm.machines) {}

void Chaos::tell(const std::string& what) {
    const auto at =
        std::chrono::duration_cast<milliseconds>(world_.now().time_since_epoch() - seconds{1'000});
    story_.push_back(std::to_string(static_cast<double>(at.count()) / 1e3) + " s: " + what);
    if (story_.size() > kStoryMax) {
        story_.pop_front();
    }
}

std::string Chaos::story() const {
    std::string all;
    for (const std::string& line : story_) {
        all += "    " + line + '\n';
    }
    return all;
}

// ---- The course of it --------------------------------------------------------------------------

bool Chaos::begin() {
    for (std::size_t i = 1; i < storm_.machines; ++i) {
        tales_[i].name = "n" + std::to_string(i);
    }
    names_ = storm_.machines;
    return world_.begin(storm_.machines, storm_.translated);
}

void Chaos::rage(Duration length) {
    const Time end = world_.now() + length;
    Time looked = world_.now();
    while (world_.now() < end && world_.violations().empty()) {
        pass(Duration{static_cast<std::int64_t>(
            random_.below(static_cast<std::uint64_t>(2 * storm_.pace.count())))});
        happen_something();
        if (world_.now() - looked >= seconds{10}) {
            looked = world_.now();
            world_.check();
        }
    }
}

/// Meanwhile operators get machines going again.
void Chaos::pass(Duration wait) {
    constexpr Duration kTendEvery = seconds{5};
    for (; wait > Duration{}; wait -= kTendEvery) {
        world_.run_for(std::min(wait, kTendEvery));
        if (chance(60)) {
            world_.heal();
        }
        for (std::size_t i = 0; i < world_.size(); ++i) {
            tend(i);
        }
    }
}

std::optional<Duration> Chaos::calm(Duration limit) {
    tell("calm");
    world_.heal();
    world_.weather = {};
    for (std::size_t i = 0; i < world_.size(); ++i) {
        Machine& machine = world_.machine(i);
        machine.disk->writes_left.reset();
        machine.disk->full = false;
        machine.stall = {};
        machine.clock_error_s = 0;
        if (!machine.runs()) {
            world_.boot(i);
        }
        if (tales_[i].left) {
            world_.forget(i);
            tales_[i].left = false;
        }
    }
    return world_.run_until([&] { return world_.converged(); }, limit, milliseconds{500});
}

void Chaos::happen_something() {
    const std::uint32_t dice = random_.below(100U);
    if (dice < 20) {
        power();
    } else if (dice < 38) {
        join(any_other());
    } else if (dice < 41) {
        leave();
    } else if (dice < 49) {
        revoke();
    } else if (dice < 51) {
        replace();
    } else if (dice < 63) {
        part();
    } else if (dice < 70) {
        set_clock();
    } else if (dice < 78) {
        change_weather();
    } else if (dice < 84) {
        slow_down();
    } else if (dice < 90) {
        change_port();
    } else if (dice < 93) {
        fill_disk();
    } else if (dice < 98) {
        roll_back();
    } else {
        restart_all();
    }
}

void Chaos::tend(std::size_t index) {
    Machine& machine = world_.machine(index);
    Tale& tale = tales_[index];
    if (!machine.runs()) {
        if (chance(4)) {
            tell("power for " + std::to_string(index));
            world_.boot(index);
        }
        return;
    }
    machine.disk->full = machine.disk->full && !chance(8);
    machine.clock_error_s = chance(100) ? 0 : machine.clock_error_s;
    if (!machine.is_member()) {
        tale.left = false;
        if (machine.joined && !*machine.joined && chance(6) && world_.forget(index)) {
            tell(std::to_string(index) + " begins anew: " + machine.joined->error().cause);
            machine.joined.reset();
            tale = {{}, {}, false, {}};
        }
        return;
    }
    const bool revoked = world_.watch.is_revoked(machine.node->gossip().id());
    if ((tale.left || revoked) && chance(3) && world_.forget(index)) {
        tell(std::to_string(index) + " forgets the network");
        gone_.push_back(tale.name);
        tale = {{}, {}, false, {}};
    }
}

// ---- Machines ----------------------------------------------------------------------------------

void Chaos::power() {
    const std::size_t index = chance(4) ? 0 : any();
    Machine& machine = world_.machine(index);
    if (!machine.runs()) {
        return;
    }
    switch (random_.below(4U)) {
        case 0:
            tell("power of " + std::to_string(index) + " goes");
            world_.cut_power(index);
            break;
        case 1:
            tell("daemon of " + std::to_string(index) + " restarts");
            world_.restart(index);
            break;
        default:
            machine.disk->writes_left = random_.below(4U);
            tell("power of " + std::to_string(index) + " will go in a write");
            break;
    }
}

void Chaos::restart_all() {
    tell("everything restarts");
    for (std::size_t i = 0; i < world_.size(); ++i) {
        world_.cut_power(i);
    }
    world_.run_for(seconds{random_.below(60U)});
    for (std::size_t i = 0; i < world_.size(); ++i) {
        world_.boot(i);
    }
}

/// Of the others; two in three clocks are right at any time. The issuer's may stand in 1970 or be
/// minutes off.
void Chaos::set_clock() {
    static constexpr std::int64_t kErrors[] = {
        -kSince1970_s, 2 * kYear_s, -2 * kYear_s, -18'000, 3'500, -5};
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < world_.size(); ++i) {
        wrong += world_.machine(i).clock_error_s != 0 ? 1U : 0U;
    }
    const std::size_t index = any();
    Machine& machine = world_.machine(index);
    if (machine.clock_error_s != 0 || 3 * (wrong + 1) > world_.size()) {
        machine.clock_error_s = 0;
    } else if (index == 0) {
        machine.clock_error_s = chance(2) ? -kSince1970_s : -240;
    } else {
        // No two are wrong in the same way: who is alone with such a twin believes it.
        machine.clock_error_s =
            kErrors[random_.below(std::size(kErrors))] + 86'400 * static_cast<std::int64_t>(index);
    }
    tell("clock of " + std::to_string(index) + " is " + std::to_string(machine.clock_error_s) +
         " s off");
}

void Chaos::slow_down() {
    const std::size_t index = any();
    world_.machine(index).stall = milliseconds{chance(2) ? 0 : 200 + random_.below(3'000U)};
    tell(std::to_string(index) + " is slow or not");
}

void Chaos::change_port() {
    const std::size_t index = any();
    if (world_.machine(index).is_translated()) {
        tell("the router of " + std::to_string(index) + " takes another port");
        world_.rebind(index);
    }
}

void Chaos::fill_disk() {
    const std::size_t index = any();
    bool& full = world_.machine(index).disk->full;
    full = !full;
    tell("disk of " + std::to_string(index) + (full ? " is full" : " has room"));
}

/// A snapshot is taken, or put back.
void Chaos::roll_back() {
    const std::size_t index = any_other();
    Tale& tale = tales_[index];
    if (!storm_.rollbacks || !world_.machine(index).is_member()) {
        return;
    }
    if (!tale.old_disk) {
        tell("snapshot of " + std::to_string(index));
        tale.old_disk = world_.snapshot(index);
        return;
    }
    tell("disk of " + std::to_string(index) + " is put back");
    world_.restore(index, *tale.old_disk);
    tale.old_disk.reset();
    world_.boot(index);
}

// ---- Operators ---------------------------------------------------------------------------------

void Chaos::join(std::size_t index) {
    Machine& machine = world_.machine(index);
    Tale& tale = tales_[index];
    if (!machine.runs() || machine.is_member()) {
        return;
    }
    if (tale.token.empty() || chance(2)) {
        tale.token = world_.create_token(0).value_or("");
    }
    if (tale.name.empty()) {
        tale.name = "n" + std::to_string(++names_);
    }
    if (!tale.token.empty()) {
        tell(std::to_string(index) + " joins as " + tale.name);
        world_.join(index, tale.token, tale.name);
    }
}

void Chaos::leave() {
    const std::size_t index = any_guest();
    if (world_.machine(index).is_member() && world_.leave(index)) {
        tell(std::to_string(index) + " leaves");
        tales_[index].left = true;
    }
}

/// Mostly of those that are gone, so that their blocks come back.
void Chaos::revoke() {
    const bool of_gone = !gone_.empty() && !chance(4);
    const std::size_t which = of_gone ? random_.below(gone_.size()) : any_guest();
    const std::string name = of_gone ? gone_[which] : tales_[which].name;
    if (name.empty()) {
        return;
    }
    const bool done = world_.revoke(0, name);
    tell(name + (done ? " is revoked" : " cannot be revoked now"));
    const Watch::Entry* const entry = world_.watch.find(name);
    if (of_gone && (done || (entry != nullptr && entry->revoked))) {
        gone_.erase(gone_.begin() + static_cast<std::ptrdiff_t>(which));
    }
}

/// One that is no member takes the place of another.
void Chaos::replace() {
    const std::size_t index = any_guest();
    Machine& machine = world_.machine(index);
    const std::string& old = tales_[any_guest()].name;
    if (!machine.runs() || machine.is_member() || old.empty() || !tales_[index].name.empty()) {
        return;
    }
    issuer::TokenOptions options;
    options.replace = old;
    if (const auto token = world_.create_token(0, options)) {
        tell(std::to_string(index) + " joins in the place of " + old);
        tales_[index].token = *token;
        tales_[index].name = old;
        world_.join(index, *token, "");
    }
}

// ---- The network -------------------------------------------------------------------------------

void Chaos::part() {
    const std::size_t first = any();
    switch (random_.below(5U)) {
        case 0:
            tell("partition at " + std::to_string(first));
            world_.partition(first);
            break;
        case 1:
            tell("nothing reaches " + std::to_string(first));
            world_.passes = [first](std::size_t, std::size_t to) { return to != first; };
            break;
        case 2:
            tell("nothing leaves the first " + std::to_string(first));
            world_.passes = [first](std::size_t from, std::size_t to) {
                return from >= first || to < first;
            };
            break;
        default:
            tell("healed");
            world_.heal();
            break;
    }
}

void Chaos::change_weather() {
    const bool bad = chance(2);
    world_.weather.loss = bad ? random_.below(30U) / 100.0 : 0;
    world_.weather.duplication = bad ? 0.05 : 0;
    world_.weather.delay_max = milliseconds{bad ? 2 + random_.below(400U) : 2};
    tell(bad ? "bad weather" : "good weather");
}

}  // namespace weft::sim
