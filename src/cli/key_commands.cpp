// SPDX-License-Identifier: Apache-2.0
// Arguments of the commands about a network's keys: node rotate, cert, root, issuer.
#include "options.hpp"

namespace weft::cli {
namespace {

constexpr const char* kRotateExamples = R"(
Example:
  weft node rotate; weft cert show                 the new keys, or that they are on their way)";

constexpr const char* kCertExamples = R"(
Examples:
  weft cert show
  weft cert show --json | jq .not_after_ms)";

constexpr const char* kCarriedExamples = R"(
For a machine that reaches no issuer, but some member (else: weft join TOKEN). Words, no secrets:
  weft cert request >request.txt                   there
  weft cert sign --file request.txt >cert.txt      on an issuer's node
  weft cert install --file cert.txt                there: it is a member now
On a member the same three bring its next certificate.)";

constexpr const char* kAdoptExamples = R"(
NAME's machine is gone, or its keys are: another that shows itself gets its place, that is its name, its
blocks and its routed prefixes, at once. NAME's old certificate is revoked. Where the new machine reaches
the issuer, weft token create --replace NAME does the same.
  weft cert request >request.txt                   on the new machine
  weft node adopt web-1 --file request.txt >cert.txt   on the issuer's node
  weft cert install --file cert.txt                on the new machine)";

constexpr const char* kRootExamples = R"(
Examples:
  weft root export --out root.txt                  asks for a passphrase; keep both elsewhere
  weft root remove --yes                           from then on nobody who breaks in here has it
  weft root import root.txt                        when an issuer is to be added or revoked
  weft root remove --yes                           and away with it again

The passphrase: --passphrase-file, else WEFT_PASSPHRASE, else asked on the terminal.)";

constexpr const char* kIssuerExamples = R"(
Examples:
  weft issuer request                              on b, the node that is to issue as well
  weft issuer add weftissuer1_…                    where the root's key is, with what b printed
  weft token create                                on b from then on
  weft issuer list                                 who issues, and which part of the pool is whose
  weft issuer alone --yes                          all other members are gone for good
  weft issuer revoke 2 --yes                       all nodes that joined by it are out)";

void add_passphrase_option(CLI::App* app, Options& options) {
    app->add_option("--passphrase-file",
                    options.root.passphrase_file,
                    "A file with the passphrase; else [WEFT_PASSPHRASE], else it is asked for")
        ->type_name("FILE");
}

void add_root_commands(CLI::App& app, Options& options) {
    CLI::App* root = add_group(app, "root", "The root's key, which makes issuers");
    CLI::App* out = add_command(
        *root, "export", "Print it, sealed by a passphrase", options, [&](const Context& c) {
            return export_root(c, options.root);
        });
    out->add_option("--out", options.root.file, "A new file, mode 0600; else on stdout")
        ->type_name("FILE");
    add_passphrase_option(out, options);
    out->footer(kRootExamples);
    CLI::App* in = add_command(*root,
                               "import",
                               "Take it in, until weftd ends or weft root remove",
                               options,
                               [&](const Context& c) { return import_root(c, options.root); });
    in->add_option("FILE", options.root.file, "Of weft root export; '-': stdin")->required();
    add_passphrase_option(in, options);
    in->footer(kRootExamples);
    CLI::App* remove = add_command(*root,
                                   "remove",
                                   "Remove it from this node: export it first",
                                   options,
                                   [&](const Context& c) { return remove_root(c, options.yes); });
    remove->add_flag("--yes", options.yes, "Do it: there is no way back but an export");
    remove->footer(kRootExamples);
}

void add_issuer_commands(CLI::App& app, Options& options) {
    CLI::App* issuer = add_group(app, "issuer", "Nodes that give out certificates");
    add_command(*issuer,
                "request",
                "On the node that is to issue: print the word for weft issuer add",
                options,
                request_issuer)
        ->footer(kIssuerExamples);
    CLI::App* add = add_command(*issuer,
                                "add",
                                "Where the root's key is: make an issuer of that node",
                                options,
                                [&](const Context& c) { return add_issuer(c, options.name); });
    add->add_option("WORD", options.name, "Of weft issuer request")->required();
    add->footer(kIssuerExamples);
    CLI::App* list =
        add_command(*issuer, "list", "All issuers of the network", options, [&](const Context& c) {
            return list_issuers(c, options.json);
        });
    list->footer(kIssuerExamples);
    add_json_flag(list, options);
    CLI::App* alone =
        add_command(*issuer,
                    "alone",
                    "On an issuer's node after a restart: wait no longer for another member",
                    options,
                    [&](const Context& c) { return issue_alone(c, options.yes); });
    alone->add_flag("--yes", options.yes, "Do it: the other members are gone for good");
    alone->footer(kIssuerExamples);
    CLI::App* revoke =
        add_command(*issuer,
                    "revoke",
                    "Where the root's key is: void an issuer and all that it has certified",
                    options,
                    [&](const Context& c) { return revoke_issuer(c, options.name, options.yes); });
    revoke->add_option("ISSUER", options.name, "Its number, or its node's name")->required();
    revoke->add_flag("--yes", options.yes, "Do it: its nodes are out, and must join again");
    revoke->footer(kIssuerExamples);
}

void add_word_options(CLI::App* app, Options& options, const char* of) {
    app->add_option("WORD", options.word.argument, std::string{of} + "; '-': on stdin");
    app->add_option("--file", options.word.file, "A file that holds it")->type_name("FILE");
}

void add_certificate_commands(CLI::App& app, CLI::App& node, Options& options) {
    CLI::App* cert = add_group(app, "cert", "Certificates: this node's, and by hand");
    CLI::App* show =
        add_command(*cert,
                    "show",
                    "Print this node's, its issuer, and whether another is on its way",
                    options,
                    [&](const Context& c) { return show_certificate(c, options.json); });
    show->footer(kCertExamples);
    add_json_flag(show, options);
    CLI::App* request =
        add_command(*cert,
                    "request",
                    "Print this machine's public keys for weft cert sign",
                    options,
                    [&](const Context& c) { return request_certificate(c, options.name); });
    request->add_option("--name", options.name, "The name to ask for; else node.name");
    request->footer(kCarriedExamples);
    CLI::App* sign = add_command(
        *cert,
        "sign",
        "On an issuer's node: certify a machine by hand",
        options,
        [&](const Context& c) { return sign_certificate(c, options.word, options.signing); });
    add_word_options(sign, options, "Of weft cert request");
    sign->add_option("--name", options.signing.name, "Another name than it asks for");
    sign->add_flag("--ephemeral", options.signing.ephemeral, "For 24 h, without grace");
    sign->add_option("--route", options.signing.routed, "A further prefix that it routes")
        ->type_name("PREFIX");
    sign->footer(kCarriedExamples);
    CLI::App* install = add_command(
        *cert,
        "install",
        "Take in what weft cert sign has printed for this machine",
        options,
        [&](const Context& c) { return install_certificate(c, options.word, options.json); });
    add_word_options(install, options, "Of weft cert sign");
    add_json_flag(install, options);
    install->footer(kCarriedExamples);
    CLI::App* adopt = add_command(
        node,
        "adopt",
        "On an issuer's node: give a node's place to another machine, by hand",
        options,
        [&](const Context& c) { return sign_certificate(c, options.word, options.signing); });
    adopt->add_option("NAME", options.signing.replace, "The node whose place it gets")->required();
    add_word_options(adopt, options, "Of weft cert request, on that machine");
    adopt->footer(kAdoptExamples);
}

}  // namespace

void add_key_commands(CLI::App& app, CLI::App& node, Options& options) {
    add_command(node,
                "rotate",
                "New WireGuard and gossip keys for this node; nothing is interrupted",
                options,
                rotate_keys)
        ->footer(kRotateExamples);
    add_certificate_commands(app, node, options);
    add_root_commands(app, options);
    add_issuer_commands(app, options);
}

}  // namespace weft::cli
