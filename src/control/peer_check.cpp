// SPDX-License-Identifier: Apache-2.0
// See peer_check.hpp. Control thread.
#include "peer_check.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include <weft/identity/trusted_time.hpp>
#include <weft/mesh/path_mtu.hpp>

namespace weft::control {
namespace {

using api::Check;

constexpr std::uint32_t kLostMax = 1;  // of one end's pings: no problem

std::string milliseconds_text(std::optional<std::uint32_t> us) {
    if (!us) {
        return "unknown";
    }
    std::array<char, 24> text{};
    static_cast<void>(std::snprintf(text.data(), text.size(), "%.1f ms", *us / 1000.0));
    return text.data();
}

/// "1420 here, 1328 there", or "… here" where the other has not said.
std::string both(const std::string& here, const std::string& there) {
    return here + " here" + (there.empty() ? "" : ", " + there + " there");
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : ", ") + word;
    }
    return text;
}

Check check_reach(const PeerFindings& f) {
    if (f.endpoint.empty()) {
        return {"reach",
                "error",
                "no address of " + f.name + " is known",
                "node.advertise on " + f.name + ", or a node that both reach"};
    }
    if (f.here.answered == 0) {
        const std::string found = f.name + " does not answer at " + f.endpoint;
        return f.heard ? Check{"reach",
                               "error",
                               found + ", but is heard: what is sent there is lost on the way",
                               "weft check on " + f.name + ": its firewalls, and the port of " +
                                   f.endpoint}
                       : Check{"reach",
                               "error",
                               found + ", and nothing is heard of it",
                               "weft status on " + f.name +
                                   "; firewalls on the way, for the port of " + f.endpoint};
    }
    if (f.there && f.there->sent > 2 && f.there->answered == 0) {
        return {"reach",
                "error",
                f.name + " answers at " + f.endpoint + ", but its own pings come to nothing",
                "weft check here: this machine's firewalls"};
    }
    return {"reach", "ok", f.name + " answers at " + f.endpoint, ""};
}

Check check_other_end(const PeerFindings& f) {
    if (f.there) {
        return {"other_end", "ok", "has said what it sees", ""};
    }
    if (!f.understands) {
        return {"other_end",
                "skipped",
                f.name + " runs a version that does not tell what it sees",
                "upgrade it"};
    }
    return {"other_end",
            f.here.answered == 0 ? "skipped" : "warning",
            f.name + " does not say what it sees",
            "weft check --peer on " + f.name};
}

Check check_session(const PeerFindings& f) {
    const bool waits = f.here.session == "handshaking";
    return {"session",
            waits ? "warning" : "ok",
            both(f.here.session, f.there ? f.there->session : "") +
                (f.here.session == "none" ? ": made when there is something to send" : ""),
            waits ? "weft status: is its key the right one?" : ""};
}

Check check_loss(const PeerFindings& f) {
    const auto text = [](const api::Sight& sight) {
        return std::to_string(sight.sent - std::min(sight.sent, sight.answered)) + " of " +
               std::to_string(sight.sent);
    };
    const auto lost = [](const api::Sight& sight) {
        return sight.answered < sight.sent && sight.sent - sight.answered > kLostMax;
    };
    if (f.here.answered == 0) {
        return {"loss", "skipped", "nothing is answered", ""};
    }
    const bool bad = lost(f.here) || (f.there && lost(*f.there));
    return {"loss",
            bad ? "warning" : "ok",
            both(text(f.here), f.there ? text(*f.there) : "") + " pings lost",
            bad ? "mtr -u " + f.endpoint.substr(0, f.endpoint.rfind(':')) : ""};
}

Check check_mtu(const PeerFindings& f) {
    if (f.here.path_mtu == 0) {
        return {"mtu", "skipped", "not measured", ""};
    }
    const auto is_less = [](const api::Sight& sight) {
        return sight.path_mtu != 0 && sight.path_mtu < sight.interface_mtu;
    };
    const std::string there = !f.there                 ? ""
                              : f.there->path_mtu == 0 ? "not measured"
                                                       : std::to_string(f.there->path_mtu);
    const std::string found = both(std::to_string(f.here.path_mtu), there);
    const std::uint32_t least = std::min(
        f.here.path_mtu, f.there && f.there->path_mtu != 0 ? f.there->path_mtu : f.here.path_mtu);
    if (is_less(f.here) || (f.there && is_less(*f.there))) {
        return {
            "mtu",
            "warning",
            "packets of " + found + " pass, not all that the interface takes (" +
                both(std::to_string(f.here.interface_mtu),
                     f.there ? std::to_string(f.there->interface_mtu) : "") +
                "): a link on the way has a smaller MTU",
            "a larger MTU on the way, or node.mtu = " + std::to_string(least) + " on both nodes"};
    }
    return {"mtu", "ok", "packets of " + found + " pass", ""};
}

Check check_clocks(const PeerFindings& f) {
    if (f.here.answered == 0) {
        return {"clock", "skipped", "nothing is answered", ""};
    }
    const std::int64_t off = std::abs(f.clock_ahead_s);
    const std::string text = off <= 1 ? "both agree"
                                      : f.name + " is " + std::to_string(off) + " s " +
                                            (f.clock_ahead_s > 0 ? "ahead" : "behind");
    const bool untrusted = !f.here.clock_trusted || (f.there && !f.there->clock_trusted);
    const bool far = off > static_cast<std::int64_t>(identity::TrustedTime::kMedianOffMax);
    if (!far && !untrusted) {
        return {"clock", "ok", text, ""};
    }
    const std::string whose = !f.here.clock_trusted ? "this node" : f.name;
    return {"clock",
            "error",
            text + (untrusted ? "; " + whose + " does not trust its own" : ""),
            "timedatectl status, on both"};
}

Check check_firewalls(const PeerFindings& f) {
    const auto rules = [](std::uint32_t count) {
        return count == 0 ? std::string{"none"} : std::to_string(count);
    };
    const bool bad = f.here.firewall_drops != 0 || (f.there && f.there->firewall_drops != 0);
    return {"firewall",
            bad ? "error" : "ok",
            "rules of others that drop weft's packets: " +
                both(rules(f.here.firewall_drops), f.there ? rules(f.there->firewall_drops) : ""),
            bad ? "weft check" + std::string{f.here.firewall_drops != 0 ? "" : " on " + f.name} +
                      " names them and what lets weft pass"
                : ""};
}

Check check_problems(const PeerFindings& f) {
    const std::string here = joined(f.here.problems);
    const std::string there = f.there ? joined(f.there->problems) : "";
    if (here.empty() && there.empty()) {
        return {"problems", "ok", f.there ? "neither has any" : "none here", ""};
    }
    return {
        "problems",
        "warning",
        (here.empty() ? "none here" : "here " + here) + (there.empty() ? "" : "; there " + there),
        there.empty() ? "weft status" : "weft status on " + f.name};
}

}  // namespace

void Measurement::on_sent(gossip::ProbeNumber number, Time now) {
    waiting_[number] = now;
    ++sent_;
    next_ = now + kInterval;
}

void Measurement::on_answer(gossip::ProbeNumber number, std::int64_t ahead_s, Time now) {
    const auto sent = waiting_.find(number);
    if (sent == waiting_.end()) {
        return;
    }
    const auto rtt = std::chrono::duration_cast<std::chrono::microseconds>(now - sent->second);
    const auto us = static_cast<std::uint32_t>(std::max<std::int64_t>(1, rtt.count()));
    rtt_us_ = std::min(rtt_us_.value_or(us), us);
    ahead_s_ = ahead_s;
    ++answered_;
    waiting_.erase(sent);
}

std::vector<Check> peer_checks(const PeerFindings& f) {
    const auto there = [&f](std::string api::Sight::*word) {
        return f.there ? (*f.there).*word : std::string{};
    };
    return {
        check_reach(f),
        check_other_end(f),
        check_session(f),
        check_loss(f),
        {"rtt",
         f.here.rtt_us ? "ok" : "skipped",
         both(milliseconds_text(f.here.rtt_us), f.there ? milliseconds_text(f.there->rtt_us) : ""),
         ""},
        check_mtu(f),
        check_clocks(f),
        check_firewalls(f),
        {"version", "ok", both(f.here.version, there(&api::Sight::version)), ""},
        {"cipher", "ok", both(f.here.isa, there(&api::Sight::isa)), ""},
        check_problems(f)};
}

}  // namespace weft::control
