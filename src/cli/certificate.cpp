// SPDX-License-Identifier: Apache-2.0
// weft node rotate and weft cert show: this node's own keys and the certificate of them. weft cert
// request, sign and install, and weft node adopt: certificates by hand, a word alone on stdout
// each, so that a shell can hand it on.
#include <ostream>

#include <weft/api/network_keys.hpp>

#include "commands.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

constexpr std::chrono::seconds kRotateTimeout{30};  // the disk is written
constexpr WordShape kCertificateRequest{
    "weftreq1_", "request", "weft cert request, on the machine that is to have it", 1024};
constexpr WordShape kCarriedCertificate{
    "weftcert1_", "certificate", "weft cert sign WORD, on an issuer's node", 4096};

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

int request_certificate(const Context& context, const std::string& name) {
    const std::string body = api::to_json(api::CertificateRequest{name});
    return ask_and_print(context,
                         {"POST", "/v1/certificate/request", body, kRotateTimeout},
                         api::parse_certificate_word,
                         false,
                         [&](const api::CertificateWord& word) {
                             context.terminal.out << printable(word.text) << "\n";
                             context.terminal.err << "on an issuer's node: weft cert sign WORD\n";
                         });
}

int sign_certificate(const Context& context, const WordSource& source, api::SignRequest terms) {
    auto word = find_word(context, source, kCertificateRequest);
    if (!word) {
        return fail(context, word.error(), kUsage);
    }
    terms.request = *std::move(word);
    return ask_and_print(context,
                         {"POST", "/v1/certificate/sign", api::to_json(terms), kRotateTimeout},
                         api::parse_certificate_word,
                         false,
                         [&](const api::CertificateWord& reply) {
                             context.terminal.out << printable(reply.text) << "\n";
                             context.terminal.err
                                 << "on the machine that asked: weft cert install WORD\n";
                         });
}

int install_certificate(const Context& context, const WordSource& source, bool json) {
    const auto word = find_word(context, source, kCarriedCertificate);
    if (!word) {
        return fail(context, word.error(), kUsage);
    }
    return ask_and_print(context,
                         {"POST",
                          "/v1/certificate/install",
                          api::to_json(api::InstallRequest{*word}),
                          kRotateTimeout},
                         api::parse_network_reply,
                         json,
                         [&](const api::NetworkReply& reply) {
                             if (reply.already) {
                                 context.terminal.out << printable(reply.name)
                                                      << " has the certificate (weft cert show)\n";
                             } else {
                                 print_network(context.terminal.out, reply);
                             }
                         });
}

}  // namespace weft::cli
