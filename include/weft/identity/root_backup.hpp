// SPDX-License-Identifier: Apache-2.0
// The root key as a text that an operator keeps elsewhere, sealed by a passphrase: a header line,
// then base64 in lines.
//
//   weft-root 1 NETWORK_ID
//   base64 of  salt 16  passes u32  memory u32 (KiB)  nonce 24  sealed { first root 32, number u32,
//              seed 32, block lengths u8 u8, pools as a certificate's prefixes }
//
// The key is Argon2id's (RFC 9106) of the passphrase; sealed by XChaCha20-Poly1305 with the header
// line and everything before the nonce as associated data. Pure; any thread, for 0.1 s to 2 s.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <weft/identity/certificate.hpp>

namespace weft::identity {

inline constexpr std::size_t kPassphraseMin = 12;  // characters
/// What Argon2id is given here: more than libsodium's "interactive" passes, at its 64 MiB, which
/// the smallest boards have.
inline constexpr std::uint32_t kBackupPasses = 4;
inline constexpr std::uint32_t kBackupMemoryKib = 64 * 1024;
/// What a text may ask for.
inline constexpr std::uint32_t kBackupPassesMax = 16;
inline constexpr std::uint32_t kBackupMemoryKibMax = 1024 * 1024;

struct RootBackup {
    VerifyKey first_root;      ///< names the network
    std::uint32_t number = 0;  ///< 0: the first root, n: its nth successor
    SigningKey key;
    std::vector<net::Prefix> pools;  ///< one or two
    std::uint8_t block4 = 24;        ///< prefix lengths
    std::uint8_t block6 = 64;
};

/// Errors: a passphrase that is too short (EINVAL); not enough memory (ENOMEM).
[[nodiscard]] Result<std::string> seal_root(const RootBackup& backup,
                                            std::string_view passphrase,
                                            RandomSource& random);
/// White space does not matter. Errors (EINVAL), each with its own cause and remedy: no such text,
/// another version's, cut short or mistyped; (EACCES) another passphrase; (ENOMEM).
[[nodiscard]] Result<RootBackup> open_root(std::string_view text, std::string_view passphrase);

}  // namespace weft::identity
