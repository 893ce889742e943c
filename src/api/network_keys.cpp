// SPDX-License-Identifier: Apache-2.0
// The documents about a network's keys: values to JSON and back. Key order is that of
// network_keys.hpp and never changes; new keys go to the end of their object. Pure; any thread.
#include <utility>

#include <weft/api/network_keys.hpp>
#include <weft/api/status.hpp>

#include "json_reader.hpp"
#include "json_writer.hpp"
#include "secret_json.hpp"

namespace weft::api {
namespace {

namespace json = boost::json;

json::object issuer_json(const IssuerStatus& issuer) {
    return {{"number", issuer.number},
            {"name", issuer.name},
            {"slices", strings(issuer.slices)},
            {"not_after_ms", issuer.not_after_ms},
            {"revoked", issuer.revoked},
            {"self", issuer.self}};
}

void read_issuer(JsonReader& reader, IssuerStatus& issuer) {
    reader.read("number", issuer.number);
    reader.read("name", issuer.name);
    reader.read("slices", issuer.slices);
    reader.read("not_after_ms", issuer.not_after_ms);
    reader.read("revoked", issuer.revoked);
    reader.read("self", issuer.self);
}

/// A reply: its fields behind "api".
std::string with_api(const json::object& fields) {
    json::object document{{"api", kApiVersion}};
    for (const auto& [key, value] : fields) {
        document.emplace(key, value);
    }
    return json::serialize(document);
}

void read_filled(JsonReader& reader, std::string_view key, std::string& out) {
    reader.read(key, out);
    if (out.empty()) {
        reader.fail(std::string{key}, "is empty");
    }
}

}  // namespace

std::string to_json(const CertificateRequest& request) {
    return json::serialize(json::object{{"name", request.name}});
}

std::string to_json(const SignRequest& request) {
    return json::serialize(json::object{{"request", request.request},
                                        {"name", request.name},
                                        {"replace", request.replace},
                                        {"ephemeral", request.ephemeral},
                                        {"routed", strings(request.routed)}});
}

std::string to_json(const InstallRequest& request) {
    return json::serialize(json::object{{"text", request.text}});
}

std::string to_json(const CertificateWord& word) {
    return with_api({{"text", word.text}});
}

std::string to_json(const RootExportRequest& request) {
    json::object document{wiped_storage()};
    document.emplace("passphrase", request.passphrase);
    return serialize_secret(document);
}

std::string to_json(const RootImportRequest& request) {
    json::object document{wiped_storage()};
    document.emplace("text", request.text);
    document.emplace("passphrase", request.passphrase);
    return serialize_secret(document);
}

std::string to_json(const IssuerRequest& request) {
    return json::serialize(json::object{{"request", request.request}});
}

std::string to_json(const RotationReply& reply) {
    return with_api({{"name", reply.name},
                     {"rotating", reply.rotating},
                     {"public_key", reply.public_key},
                     {"generation", reply.generation}});
}

std::string to_json(const CertificateStatus& certificate) {
    return with_api({{"network", certificate.network},
                     {"name", certificate.name},
                     {"id", certificate.id},
                     {"serial", certificate.serial},
                     {"generation", certificate.generation},
                     {"ephemeral", certificate.ephemeral},
                     {"blocks", strings(certificate.blocks)},
                     {"routed", strings(certificate.routed)},
                     {"not_before_ms", certificate.not_before_ms},
                     {"not_after_ms", certificate.not_after_ms},
                     {"identity_key", certificate.identity_key},
                     {"public_key", certificate.public_key},
                     {"gossip_key", certificate.gossip_key},
                     {"renewing", certificate.renewing},
                     {"rotating", certificate.rotating},
                     {"issuer", issuer_json(certificate.issuer)}});
}

std::string to_json(const RootText& text) {
    return with_api({{"text", text.text}});
}

std::string to_json(const IssuerWord& word) {
    return with_api({{"request", word.request}});
}

std::string to_json(const IssuerStatus& issuer) {
    return with_api(issuer_json(issuer));
}

std::string to_json(const std::vector<IssuerStatus>& issuers) {
    return with_api({{"issuers", objects(issuers, issuer_json)}});
}

Result<CertificateRequest> parse_certificate_request(std::string_view text) {
    return parse_document<CertificateRequest>(text,
                                              [](JsonReader& reader, CertificateRequest& request) {
                                                  reader.allow_only({"name"});
                                                  reader.read_if_there("name", request.name);
                                              });
}

Result<SignRequest> parse_sign_request(std::string_view text) {
    return parse_document<SignRequest>(text, [](JsonReader& reader, SignRequest& request) {
        reader.allow_only({"request", "name", "replace", "ephemeral", "routed"});
        read_filled(reader, "request", request.request);
        reader.read_if_there("name", request.name);
        reader.read_if_there("replace", request.replace);
        reader.read_if_there("ephemeral", request.ephemeral);
        reader.read_if_there("routed", request.routed);
    });
}

Result<InstallRequest> parse_install_request(std::string_view text) {
    return parse_document<InstallRequest>(text, [](JsonReader& reader, InstallRequest& request) {
        reader.allow_only({"text"});
        read_filled(reader, "text", request.text);
    });
}

Result<CertificateWord> parse_certificate_word(std::string_view text) {
    return parse_reply<CertificateWord>(
        text, [](JsonReader& reader, CertificateWord& reply) { reader.read("text", reply.text); });
}

Result<RootExportRequest> parse_root_export_request(std::string_view text) {
    return parse_document<RootExportRequest>(
        text, [](JsonReader& reader, RootExportRequest& request) {
            reader.allow_only({"passphrase"});
            read_filled(reader, "passphrase", request.passphrase);
        });
}

Result<RootImportRequest> parse_root_import_request(std::string_view text) {
    return parse_document<RootImportRequest>(
        text, [](JsonReader& reader, RootImportRequest& request) {
            reader.allow_only({"text", "passphrase"});
            read_filled(reader, "text", request.text);
            read_filled(reader, "passphrase", request.passphrase);
        });
}

Result<IssuerRequest> parse_issuer_request(std::string_view text) {
    return parse_document<IssuerRequest>(text, [](JsonReader& reader, IssuerRequest& request) {
        reader.allow_only({"request"});
        read_filled(reader, "request", request.request);
    });
}

Result<RotationReply> parse_rotation_reply(std::string_view text) {
    return parse_reply<RotationReply>(text, [](JsonReader& reader, RotationReply& reply) {
        reader.read("name", reply.name);
        reader.read("rotating", reply.rotating);
        reader.read("public_key", reply.public_key);
        reader.read("generation", reply.generation);
    });
}

Result<CertificateStatus> parse_certificate(std::string_view text) {
    return parse_reply<CertificateStatus>(
        text, [](JsonReader& reader, CertificateStatus& certificate) {
            reader.read("network", certificate.network);
            reader.read("name", certificate.name);
            reader.read("id", certificate.id);
            reader.read("serial", certificate.serial);
            reader.read("generation", certificate.generation);
            reader.read("ephemeral", certificate.ephemeral);
            reader.read("blocks", certificate.blocks);
            reader.read("routed", certificate.routed);
            reader.read("not_before_ms", certificate.not_before_ms);
            reader.read("not_after_ms", certificate.not_after_ms);
            reader.read("identity_key", certificate.identity_key);
            reader.read("public_key", certificate.public_key);
            reader.read("gossip_key", certificate.gossip_key);
            reader.read("renewing", certificate.renewing);
            reader.read("rotating", certificate.rotating);
            JsonReader issuer = reader.child("issuer");
            read_issuer(issuer, certificate.issuer);
        });
}

Result<RootText> parse_root_text(std::string_view text) {
    return parse_reply<RootText>(
        text, [](JsonReader& reader, RootText& reply) { reader.read("text", reply.text); });
}

Result<IssuerWord> parse_issuer_word(std::string_view text) {
    return parse_reply<IssuerWord>(
        text, [](JsonReader& reader, IssuerWord& reply) { reader.read("request", reply.request); });
}

Result<IssuerStatus> parse_issuer(std::string_view text) {
    return parse_reply<IssuerStatus>(text, read_issuer);
}

Result<std::vector<IssuerStatus>> parse_issuers(std::string_view text) {
    using Issuers = std::vector<IssuerStatus>;
    return parse_reply<Issuers>(text, [](JsonReader& reader, Issuers& issuers) {
        reader.each("issuers", [&](JsonReader item) { read_issuer(item, issuers.emplace_back()); });
    });
}

}  // namespace weft::api
