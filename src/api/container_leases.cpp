// SPDX-License-Identifier: Apache-2.0
// See container_leases.hpp. Pure; any thread.
#include <weft/api/container_leases.hpp>
#include <weft/api/status.hpp>

#include "json_reader.hpp"
#include "json_writer.hpp"

namespace weft::api {
namespace {

boost::json::object lease_json(const ContainerLease& lease) {
    return {{"container", lease.container},
            {"interface", lease.interface},
            {"network", lease.network},
            {"link", lease.link},
            {"addresses", strings(lease.addresses)},
            {"since_ms", lease.since_ms}};
}

boost::json::object event_json(const LeaseEvent& event) {
    return {{"event", event.event},
            {"at_ms", nullable(event.at_ms)},
            {"container", nullable(event.container)},
            {"interface", nullable(event.interface)},
            {"addresses", strings(event.addresses)}};
}

}  // namespace

std::string with_containers(std::string_view ipam_json,
                            const std::optional<std::vector<ContainerLease>>& containers) {
    Result<boost::json::object> document = parse_object(ipam_json);
    if (!document) {
        return std::string{ipam_json};
    }
    (*document)["containers"] = containers ? boost::json::value(objects(*containers, lease_json))
                                           : boost::json::value(nullptr);
    return boost::json::serialize(*document);
}

std::string to_json(const std::vector<LeaseEvent>& events) {
    return boost::json::serialize(
        boost::json::object{{"api", kApiVersion}, {"events", objects(events, event_json)}});
}

}  // namespace weft::api
