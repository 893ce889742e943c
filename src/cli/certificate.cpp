// SPDX-License-Identifier: Apache-2.0
// weft node rotate and weft cert show: this node's own keys and the certificate of them.
#include <ostream>

#include <weft/api/network_keys.hpp>

#include "commands.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

constexpr std::chrono::seconds kRotateTimeout{30};  // the disk is written

std::string issuer_text(const api::IssuerStatus& issuer) {
    return std::to_string(issuer.number) + (issuer.name.empty() ? "" : " on " + issuer.name) +
           (issuer.self ? " (this node)" : "") + (issuer.revoked ? ", revoked" : "");
}

std::string under_way(const api::CertificateStatus& certificate) {
    if (certificate.rotating) {
        return "new keys wait for their certificate; those above are in use until then";
    }
    return certificate.renewing ? "a renewal is asked for, again and again until it comes"
                                : std::string{kNothing};
}

void print_rotation(std::ostream& out, const api::RotationReply& reply) {
    if (reply.rotating) {
        out << "new keys are made, and the issuer is asked to certify them; until it has, those of "
               "before stay in use (weft cert show)\n";
        return;
    }
    out << printable(reply.name) << " has new keys: public key " << printable(reply.public_key)
        << ", generation " << reply.generation << "\n";
}

}  // namespace

int rotate_keys(const Context& context) {
    return ask_and_print(
        context,
        {"POST", "/v1/rotate", "{}", kRotateTimeout},
        api::parse_rotation_reply,
        false,
        [&](const api::RotationReply& reply) { print_rotation(context.terminal.out, reply); });
}

int show_certificate(const Context& context, bool json) {
    return ask_and_print(
        context,
        {"GET", "/v1/certificate"},
        api::parse_certificate,
        json,
        [&](const api::CertificateStatus& certificate) {
            const std::int64_t now_ms = context.terminal.now_ms;
            context.terminal.out << format_table(
                {{"network", certificate.network},
                 {"name", certificate.name + (certificate.ephemeral ? " (ephemeral)" : "")},
                 {"id", certificate.id},
                 {"serial", std::to_string(certificate.serial)},
                 {"generation", std::to_string(certificate.generation)},
                 {"blocks", format_list(certificate.blocks)},
                 {"routed", format_list(certificate.routed)},
                 {"begins", format_until(certificate.not_before_ms, now_ms)},
                 {"ends", format_until(certificate.not_after_ms, now_ms)},
                 {"identity key", certificate.identity_key},
                 {"public key", certificate.public_key},
                 {"gossip key", certificate.gossip_key},
                 {"issuer", issuer_text(certificate.issuer)},
                 {"issuer's slices", format_list(certificate.issuer.slices)},
                 {"issuer ends", format_until(certificate.issuer.not_after_ms, now_ms)},
                 {"under way", under_way(certificate)}});
        });
}

}  // namespace weft::cli
