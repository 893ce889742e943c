// SPDX-License-Identifier: Apache-2.0
// The commands, one function each: they print, and return the exit code. run.cpp and
// key_commands.cpp read the arguments and call one of them.
#pragma once

#include <chrono>
#include <iosfwd>
#include <string>
#include <vector>

#include <weft/api/check.hpp>
#include <weft/api/network.hpp>
#include <weft/api/network_keys.hpp>
#include <weft/api/status.hpp>
#include <weft/ipam/ledger.hpp>

#include "context.hpp"
#include "word.hpp"

namespace weft::cli {

[[nodiscard]] int show_status(const Context& context, bool json);
[[nodiscard]] int show_peers(const Context& context, bool json);
[[nodiscard]] int ping(const Context& context, const api::PingRequest& request, bool json);
[[nodiscard]] int reload(const Context& context);

[[nodiscard]] int init_network(const Context& context, const api::InitRequest& request, bool json);
/// What init, join and cert install end with.
void print_network(std::ostream& out, const api::NetworkReply& reply);
/// The token is not printed, whatever happens. Where the source has neither: WEFT_TOKEN.
[[nodiscard]] int join_network(const Context& context,
                               const WordSource& source,
                               const std::string& name,
                               bool json);
[[nodiscard]] int leave_network(const Context& context, bool yes);

/// `state_dir`: of the CNI plugin's ledger.
[[nodiscard]] int show_ipam(const Context& context, const std::string& state_dir, bool json);
[[nodiscard]] int log_ipam(const Context& context, const std::string& state_dir, bool json);

/// Where the CNI plugin is put; "": as the configuration says.
struct CniPlaces {
    std::string conf_dir;
    std::string bin_dir;
    std::string binary;  ///< "": beside this program, or in ../libexec/weft
    std::string state_dir = ipam::kDirectoryDefault;  ///< of the ledger
};
/// The binary first and the network's configuration last, for runtimes begin with it at once; that
/// only on a node that is ready, for which it waits as long as `patience` says.
[[nodiscard]] int install_cni(const Context& context,
                              const CniPlaces& places,
                              std::chrono::seconds patience);
/// In the reverse order; the ledger stays.
[[nodiscard]] int uninstall_cni(const Context& context, const CniPlaces& places);

[[nodiscard]] int create_token(const Context& context, const api::TokenRequest& request, bool json);
[[nodiscard]] int list_tokens(const Context& context, bool json);
[[nodiscard]] int revoke_token(const Context& context, const std::string& id);

[[nodiscard]] int list_nodes(const Context& context, bool json);
[[nodiscard]] int show_node(const Context& context, const std::string& name, bool json);
[[nodiscard]] int remove_node(const Context& context, const std::string& name);
/// Until `nodes` members are alive, this node among them, or `timeout` has passed; a daemon that
/// does not run yet is waited for.
[[nodiscard]] int wait_for_nodes(const Context& context,
                                 unsigned nodes,
                                 std::chrono::seconds timeout);

/// A phone or a laptop that speaks WireGuard and is no node.
struct NewPeer {
    std::string name;
    std::string endpoint;  ///< "": the first that this node tells others
    std::string file;      ///< of what is printed; "": standard output
    bool qr = false;       ///< also as a picture, by the program qrencode
};
/// Makes its keys, keeps the public one and the preshared one beside the configuration, and prints
/// a wg-quick file.
[[nodiscard]] int add_peer(const Context& context, const NewPeer& peer);
[[nodiscard]] int list_added_peers(const Context& context);
[[nodiscard]] int remove_peer(const Context& context, const std::string& name);

[[nodiscard]] int rotate_keys(const Context& context);
[[nodiscard]] int show_certificate(const Context& context, bool json);
/// Certificates by hand: a word on stdout each.
[[nodiscard]] int request_certificate(const Context& context, const std::string& name);
/// `terms` but its request, which is in `source`.
[[nodiscard]] int sign_certificate(const Context& context,
                                   const WordSource& source,
                                   api::SignRequest terms);
[[nodiscard]] int install_certificate(const Context& context, const WordSource& source, bool json);

/// An export's place ("": stdout; of an import "-": stdin), and the passphrase's ("":
/// WEFT_PASSPHRASE or the terminal).
struct RootFiles {
    std::string file;
    std::string passphrase_file;
};
[[nodiscard]] int export_root(const Context& context, const RootFiles& files);
[[nodiscard]] int import_root(const Context& context, const RootFiles& files);
[[nodiscard]] int remove_root(const Context& context, bool yes);

[[nodiscard]] int request_issuer(const Context& context);
[[nodiscard]] int add_issuer(const Context& context, const std::string& word);
[[nodiscard]] int list_issuers(const Context& context, bool json);
[[nodiscard]] int issue_alone(const Context& context, bool yes);
[[nodiscard]] int revoke_issuer(const Context& context, const std::string& issuer, bool yes);

[[nodiscard]] int generate_key(const Context& context);
[[nodiscard]] int derive_public_key(const Context& context);

[[nodiscard]] int show_checks(const Context& context, const std::string& peer, bool json);
/// Of this machine alone, without the daemon; `why_offline`: the daemon was asked and did not
/// answer.
[[nodiscard]] int show_offline_checks(const Context& context, const Error* why_offline, bool json);
/// As a table, or `document` where there is one. The exit code says whether something is wrong.
int print_checks(const Context& context,
                 const std::vector<api::Check>& checks,
                 const std::string* document);
/// What helps to find out what is wrong, without secrets, as a tar file: `file`, or one named after
/// the node and the time; with `to_stdout` on the terminal's output.
[[nodiscard]] int write_report(const Context& context, std::string file, bool to_stdout);
/// Ends the daemon and removes the guards that outlive it.
[[nodiscard]] int take_down(const Context& context);

[[nodiscard]] int check_config(const Context& context);
[[nodiscard]] int show_config(const Context& context, bool with_origins, bool json);

[[nodiscard]] int show_version(const Context& context, bool json);
[[nodiscard]] int show_licences(const Context& context);

}  // namespace weft::cli
