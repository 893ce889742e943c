// SPDX-License-Identifier: Apache-2.0
// GET /v1/status and /v1/peers: values to JSON and back. Key order is that of the schema and never
// changes; new keys go to the end of their object. Pure; any thread.
#include <algorithm>
#include <utility>

#include <weft/api/status.hpp>

#include "json_reader.hpp"
#include "json_writer.hpp"

namespace weft::api {
namespace {

namespace json = boost::json;

json::object node_json(const NodeStatus& node) {
    return {{"name", node.name},
            {"id", nullable(node.id)},
            {"public_key", node.public_key},
            {"interface", node.interface},
            {"listen_port", node.listen_port},
            {"mtu", node.mtu},
            {"blocks", strings(node.blocks)},
            {"uptime_s", node.uptime_s}};
}

json::object peer_json(const PeerStatus& peer) {
    return {{"name", peer.name},
            {"id", nullable(peer.id)},
            {"public_key", peer.public_key},
            {"origin", peer.origin},
            {"member", nullable(peer.member)},
            {"endpoint", nullable(peer.endpoint)},
            {"path", nullable(peer.path)},
            {"blocks", strings(peer.blocks)},
            {"allowed_ips", strings(peer.allowed_ips)},
            {"session", peer.session},
            {"last_handshake_ms", nullable(peer.last_handshake_ms)},
            {"rtt_us", nullable(peer.rtt_us)},
            {"loss_ppm", nullable(peer.loss_ppm)},
            {"mtu", nullable(peer.mtu)},
            {"rx_bytes", peer.rx_bytes},
            {"tx_bytes", peer.tx_bytes},
            {"rx_packets", peer.rx_packets},
            {"tx_packets", peer.tx_packets}};
}

json::array peers_json(const std::vector<PeerStatus>& peers) {
    return objects(peers, peer_json);
}

json::array problems_json(const std::vector<Problem>& problems) {
    json::array out;
    for (const Problem& problem : problems) {
        out.emplace_back(json::object{{"code", problem.code},
                                      {"severity", problem.severity},
                                      {"subject", problem.subject},
                                      {"cause", problem.cause},
                                      {"remedy", problem.remedy}});
    }
    return out;
}

void read_node(JsonReader reader, NodeStatus& node) {
    reader.read("name", node.name);
    reader.read("id", node.id);
    reader.read("public_key", node.public_key);
    reader.read("interface", node.interface);
    reader.read("listen_port", node.listen_port);
    reader.read("mtu", node.mtu);
    reader.read("blocks", node.blocks);
    reader.read("uptime_s", node.uptime_s);
}

PeerStatus read_peer(JsonReader reader) {
    PeerStatus peer;
    reader.read("name", peer.name);
    reader.read("id", peer.id);
    reader.read("public_key", peer.public_key);
    reader.read("origin", peer.origin);
    reader.read("member", peer.member);
    reader.read("endpoint", peer.endpoint);
    reader.read("path", peer.path);
    reader.read("blocks", peer.blocks);
    reader.read("allowed_ips", peer.allowed_ips);
    reader.read("session", peer.session);
    reader.read("last_handshake_ms", peer.last_handshake_ms);
    reader.read("rtt_us", peer.rtt_us);
    reader.read("loss_ppm", peer.loss_ppm);
    reader.read("mtu", peer.mtu);
    reader.read("rx_bytes", peer.rx_bytes);
    reader.read("tx_bytes", peer.tx_bytes);
    reader.read("rx_packets", peer.rx_packets);
    reader.read("tx_packets", peer.tx_packets);
    return peer;
}

Problem read_problem(JsonReader reader) {
    Problem problem;
    reader.read("code", problem.code);
    reader.read("severity", problem.severity);
    reader.read("subject", problem.subject);
    reader.read("cause", problem.cause);
    reader.read("remedy", problem.remedy);
    return problem;
}

void read_rest(JsonReader& reader, Status& status) {
    reader.read("version", status.version);
    reader.read("verdict", status.verdict);
    read_node(reader.child("node"), status.node);
    JsonReader isa = reader.child("isa");
    isa.read("chosen", status.isa_chosen);
    isa.read("available", status.isa_available);
    JsonReader offload = reader.child("offload");
    offload.read("tun_tso", status.tun_tso);
    offload.read("tun_uso", status.tun_uso);
    offload.read("udp_gso", status.udp_gso);
    offload.read("udp_gro", status.udp_gro);
    reader.read("workers", status.workers);
    reader.read("shared_batches", status.shared_batches);
    JsonReader drops = reader.child("drops");
    for (const auto& [reason, count] : drops.object()) {
        drops.number(count, reason, status.drops[std::string{reason}]);
    }
    reader.each("problems",
                [&](JsonReader item) { status.problems.push_back(read_problem(std::move(item))); });
}

}  // namespace

std::size_t count_problems(const std::vector<Problem>& problems) {
    return static_cast<std::size_t>(
        std::count_if(problems.begin(), problems.end(), [](const Problem& problem) {
            return problem.severity != "info";
        }));
}

std::string to_json(const Status& status) {
    json::object drops;
    for (const auto& [reason, count] : status.drops) {
        drops.emplace(reason, count);
    }
    return json::serialize(json::object{
        {"api", kApiVersion},
        {"version", status.version},
        {"verdict", status.verdict},
        {"node", node_json(status.node)},
        {"isa",
         json::object{{"chosen", status.isa_chosen}, {"available", strings(status.isa_available)}}},
        {"offload",
         json::object{{"tun_tso", status.tun_tso},
                      {"tun_uso", status.tun_uso},
                      {"udp_gso", status.udp_gso},
                      {"udp_gro", status.udp_gro}}},
        {"workers", status.workers},
        {"shared_batches", status.shared_batches},
        {"peers", peers_json(status.peers)},
        {"drops", std::move(drops)},
        {"problems", problems_json(status.problems)}});
}

Result<Status> parse_status(std::string_view text) {
    return parse_document<Status>(text, [](JsonReader& reader, Status& status) {
        reader.read_api();
        read_rest(reader, status);
        reader.each("peers",
                    [&](JsonReader item) { status.peers.push_back(read_peer(std::move(item))); });
    });
}

std::string peers_to_json(const std::vector<PeerStatus>& peers) {
    return json::serialize(json::object{{"api", kApiVersion}, {"peers", peers_json(peers)}});
}

Result<std::vector<PeerStatus>> parse_peers(std::string_view text) {
    using Peers = std::vector<PeerStatus>;
    return parse_document<Peers>(text, [](JsonReader& reader, Peers& peers) {
        reader.read_api();
        reader.each("peers", [&](JsonReader item) { peers.push_back(read_peer(std::move(item))); });
    });
}

}  // namespace weft::api
