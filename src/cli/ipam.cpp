// SPDX-License-Identifier: Apache-2.0
// weft ipam show and log: which node has which block, as the daemon says, and which container of
// this node has which addresses, from the CNI plugin's ledger. The ledger is read where it lies:
// that works while the daemon is down, for root and the ledger's group.
#include <ostream>

#include <weft/api/container_leases.hpp>
#include <weft/ipam/store.hpp>

#include "commands.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

void print_stock(std::ostream& out, const api::BlockStock& stock) {
    const std::uint64_t taken = stock.owned + stock.resting;
    const std::uint64_t free = stock.total > taken ? stock.total - taken : 0;
    out << printable(stock.family) << ": " << format_count(stock.total, "block") << " of /"
        << stock.block << " in " << format_list(stock.slices) << ": " << stock.owned << " owned, "
        << stock.resting << " resting, " << free << " free\n";
}

std::vector<std::string> texts(const ipam::Addresses& addresses) {
    std::vector<std::string> out;
    for (const net::IpAddress& address : addresses) {
        out.push_back(address.to_string());
    }
    return out;
}

using Leases = std::vector<api::ContainerLease>;

Result<Leases> read_leases(const std::string& state_dir) {
    const Result<ipam::Journal> journal = ipam::read(state_dir);
    if (!journal) {
        return journal.error();
    }
    const Result<ipam::Ledger> ledger = ipam::replay(*journal);
    if (!ledger) {
        return ledger.error();
    }
    Leases leases;
    for (const auto& [attachment, lease] : ledger->leases()) {
        leases.push_back({attachment.container,
                          attachment.interface,
                          lease.network,
                          lease.link,
                          texts(lease.addresses),
                          static_cast<std::int64_t>(lease.since)});
    }
    return leases;
}

void print_blocks(std::ostream& out, const api::Ipam& ipam) {
    out << "pools: " << format_list(ipam.pools) << "\n";
    for (const api::BlockStock& stock : ipam.stocks) {
        print_stock(out, stock);
    }
    std::vector<std::vector<std::string>> rows{{"BLOCK", "NODE", "ID"}};
    for (const api::BlockOwner& owner : ipam.owners) {
        rows.push_back({owner.block, owner.name, short_id(owner.id)});
    }
    out << format_table(rows);
}

void print_leases(const Context& context, const Leases& leases) {
    if (leases.empty()) {
        return;
    }
    std::vector<std::vector<std::string>> rows{
        {"CONTAINER", "INTERFACE", "ADDRESSES", "NETWORK", "LINK", "SINCE"}};
    for (const api::ContainerLease& lease : leases) {
        rows.push_back({lease.container.substr(0, 12),
                        lease.interface,
                        format_list(lease.addresses),
                        lease.network,
                        lease.link,
                        format_age(lease.since_ms, context.terminal.now_ms)});
    }
    context.terminal.out << "\n" << format_table(rows);
}

/// One line of the log for each event.
struct Telling {
    api::LeaseEvent operator()(const ipam::Reserved& event) const {
        return {"reserved",
                static_cast<std::int64_t>(event.lease.since),
                event.attachment.container,
                event.attachment.interface,
                texts(event.lease.addresses)};
    }
    api::LeaseEvent operator()(const ipam::Released& event) const {
        return {"released",
                static_cast<std::int64_t>(event.at),
                event.attachment.container,
                event.attachment.interface,
                {}};
    }
    api::LeaseEvent operator()(const ipam::Dropped& event) const {
        return {
            "dropped", std::nullopt, event.attachment.container, event.attachment.interface, {}};
    }
    api::LeaseEvent operator()(const ipam::Resting& event) const {
        return {"resting",
                static_cast<std::int64_t>(event.since),
                std::nullopt,
                std::nullopt,
                {event.address.to_string()}};
    }
    api::LeaseEvent operator()(const ipam::Cursor& /*event*/) const { return {}; }
};

}  // namespace

int show_ipam(const Context& context, const std::string& state_dir, bool json) {
    const Answer answer = ask(context, {"GET", "/v1/ipam"});
    if (answer.exit_code != kOk) {
        return answer.exit_code;
    }
    const Result<api::Ipam> ipam = api::parse_ipam(answer.body);
    if (!ipam) {
        return fail(context, ipam.error());
    }
    const Result<Leases> leases = read_leases(state_dir);
    if (json) {
        context.terminal.out << api::with_containers(answer.body,
                                                     leases ? std::optional{*leases} : std::nullopt)
                             << "\n";
    } else {
        print_blocks(context.terminal.out, *ipam);
        if (leases) {
            print_leases(context, *leases);
        }
    }
    if (!leases && leases.error().code != std::errc::permission_denied) {
        return fail(context, leases.error());
    }
    return kOk;
}

int log_ipam(const Context& context, const std::string& state_dir, bool json) {
    const Result<ipam::Journal> journal = ipam::read(state_dir);
    if (!journal) {
        const bool permission = journal.error().code == std::errc::permission_denied;
        return fail(context, journal.error(), permission ? kPermission : kFailed);
    }
    std::vector<api::LeaseEvent> events;
    for (const ipam::Event& event : journal->events) {
        if (!std::holds_alternative<ipam::Cursor>(event)) {
            events.push_back(std::visit(Telling{}, event));
        }
    }
    if (json) {
        context.terminal.out << api::to_json(events) << "\n";
        return kOk;
    }
    std::vector<std::vector<std::string>> rows{
        {"WHEN", "WHAT", "CONTAINER", "INTERFACE", "ADDRESSES"}};
    for (const api::LeaseEvent& event : events) {
        rows.push_back(
            {event.at_ms ? format_age(event.at_ms, context.terminal.now_ms) : std::string{kNothing},
             event.event,
             event.container.value_or(std::string{kNothing}).substr(0, 12),
             event.interface.value_or(std::string{kNothing}),
             format_list(event.addresses)});
    }
    context.terminal.out << format_table(rows);
    return kOk;
}

}  // namespace weft::cli
