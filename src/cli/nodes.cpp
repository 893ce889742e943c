// SPDX-License-Identifier: Apache-2.0
// weft node list, show, rm and weft wait: the members of the network as this node knows them.
#include <algorithm>
#include <ostream>
#include <thread>

#include "commands.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view kAlive = "alive";
constexpr std::string_view kLeft = "left";

std::string note_of(const api::MemberStatus& member) {
    std::vector<std::string> notes;
    for (const auto& [is, note] : {std::pair{member.self, "self"},
                                   std::pair{member.issuer, "issuer"},
                                   std::pair{member.ephemeral, "ephemeral"}}) {
        if (is) {
            notes.emplace_back(note);
        }
    }
    return notes.empty() ? "" : format_list(notes);
}

std::vector<std::string> member_row(const api::MemberStatus& member) {
    return {member.name,
            member.state,
            first_of(member.blocks),
            member.endpoint.value_or(first_of(member.endpoints)),
            short_id(member.id),
            note_of(member)};
}

void print_member(const Context& context, const api::MemberStatus& member) {
    const std::string note = note_of(member);
    context.terminal.out << format_table(
        {{"name", member.name},
         {"id", member.id},
         {"state", member.state + (note.empty() ? "" : " (" + note + ")")},
         {"blocks", format_list(member.blocks)},
         {"routed", format_list(member.routed)},
         {"endpoints", format_list(member.endpoints)},
         {"heard at", member.endpoint.value_or(std::string{kNothing})},
         {"software", member.software},
         {"public key", member.public_key},
         {"generation", std::to_string(member.generation)},
         {"certificate", "ends " + format_until(member.not_after_ms, context.terminal.now_ms)}});
}

struct Asked {
    int exit_code = kOk;  // anything else: the reason has been printed
    std::string body;
    api::Members members;
};

Asked ask_members(const Context& context) {
    Answer answer = ask(context, {"GET", "/v1/members"});
    if (answer.exit_code != kOk) {
        return {answer.exit_code, {}, {}};
    }
    auto members = api::parse_members(answer.body);
    if (!members) {
        return {fail(context, members.error()), {}, {}};
    }
    return {kOk, std::move(answer.body), std::move(*members)};
}

std::size_t count_alive(const api::Members& members) {
    return static_cast<std::size_t>(
        std::count_if(members.members.begin(), members.members.end(), [](const auto& member) {
            return member.state == kAlive;
        }));
}

/// "c is suspect, d is dead, 1 has not joined"
std::string who_is_missing(const api::Members& members, std::size_t wanted) {
    constexpr std::size_t kNamedMax = 8;
    std::vector<std::string> parts;
    std::size_t present = 0;
    std::size_t silent = 0;
    for (const api::MemberStatus& member : members.members) {
        if (member.state == kLeft) {
            continue;
        }
        ++present;
        if (member.state != kAlive && ++silent <= kNamedMax) {
            parts.push_back(member.name + " is " + member.state);
        }
    }
    if (silent > kNamedMax) {
        parts.push_back(std::to_string(silent - kNamedMax) + " more are not alive");
    }
    if (present < wanted) {
        const std::size_t absent = wanted - present;
        parts.push_back(std::to_string(absent) + (absent == 1 ? " has" : " have") + " not joined");
    }
    return format_list(parts);
}

/// What weft wait has seen; its last answer says why it was in vain.
struct Watch {
    std::optional<api::Members> members;  // of the last answer, if it was one
    Answer last = {};
    bool was_running = false;  // the daemon, at any time
};

int give_up(const Context& context, Watch& watch, unsigned nodes, std::chrono::seconds timeout) {
    if (!watch.was_running) {
        return fail(context, watch.last.error, kNotRunning);
    }
    if (!watch.members) {
        return fail(context, watch.last.error, kTimeout);
    }
    const std::string cause = std::to_string(count_alive(*watch.members)) + " of " +
                              format_count(nodes, "node") + " alive after " +
                              std::to_string(timeout.count()) +
                              " s: " + who_is_missing(*watch.members, nodes);
    return fail(context,
                Error{std::make_error_code(std::errc::timed_out), cause, "weft node list"},
                kTimeout);
}

}  // namespace

int list_nodes(const Context& context, bool json) {
    const Asked asked = ask_members(context);
    if (asked.exit_code != kOk) {
        return asked.exit_code;
    }
    if (json) {
        context.terminal.out << asked.body << "\n";
        return kOk;
    }
    std::vector<std::vector<std::string>> rows{
        {"NAME", "STATE", "BLOCK", "ENDPOINT", "ID", "NOTE"}};
    for (const api::MemberStatus& member : asked.members.members) {
        rows.push_back(member_row(member));
    }
    context.terminal.out << format_table(rows);
    if (!asked.members.network) {
        context.terminal.err << "this node is in no network (weft init, or weft join TOKEN)\n";
    }
    return kOk;
}

int show_node(const Context& context, const std::string& name, bool json) {
    Asked asked = ask_members(context);
    if (asked.exit_code != kOk) {
        return asked.exit_code;
    }
    auto& members = asked.members.members;
    const auto found = std::find_if(members.begin(), members.end(), [&](const auto& member) {
        return member.name == name || member.id == name;
    });
    if (found == members.end()) {
        return fail(context, invalid("no node named '" + printable(name) + "'", "weft node list"));
    }
    const api::MemberStatus member = *found;
    if (!json) {
        print_member(context, member);
        return kOk;
    }
    members = {member};  // the document of weft node list, with one node
    context.terminal.out << api::to_json(asked.members) << "\n";
    return kOk;
}

int remove_node(const Context& context, const std::string& name) {
    if (!fits_target(name)) {
        return fail(context, invalid("this is no node's name", "weft node list"), kUsage);
    }
    const Answer answer = ask(context, {"DELETE", "/v1/nodes/" + name});
    if (answer.exit_code == kOk) {
        context.terminal.out << "node " << name << " is removed\n";
    }
    return answer.exit_code;
}

int wait_for_nodes(const Context& context, unsigned nodes, std::chrono::seconds timeout) {
    using std::chrono::milliseconds;
    constexpr milliseconds kPause{200};
    constexpr milliseconds kAnswerLeast{1000};
    constexpr milliseconds kAnswerMost{5000};
    const auto deadline = SteadyClock::now() + timeout;
    Watch watch;
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
        const auto patience = std::clamp(left, kAnswerLeast, kAnswerMost);
        watch.last = ask_quietly(context, {"GET", "/v1/members", {}, patience});
        watch.members.reset();
        watch.was_running = watch.was_running || watch.last.exit_code != kNotRunning;
        if (watch.last.exit_code == kPermission) {
            return fail(context, watch.last.error, kPermission);
        }
        if (watch.last.exit_code == kOk) {
            auto members = api::parse_members(watch.last.body);
            if (!members) {
                return fail(context, members.error());
            }
            watch.members = std::move(*members);
        }
        if (watch.members && count_alive(*watch.members) >= nodes) {
            context.terminal.out << format_count(count_alive(*watch.members), "node") << " alive\n";
            return kOk;
        }
        if (SteadyClock::now() + kPause > deadline) {
            return give_up(context, watch, nodes, timeout);
        }
        std::this_thread::sleep_for(kPause);
    }
}

}  // namespace weft::cli
