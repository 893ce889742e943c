# SPDX-License-Identifier: Apache-2.0
# Cross-build for arm64 with Debian's g++-aarch64-linux-gnu against build/sysroot-arm64, which
# packaging/cmake/arm64-sysroot.sh fills (libsodium for arm64; Boost's headers as the machine has them).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

get_filename_component(weft_sysroot ${CMAKE_CURRENT_LIST_DIR}/../../build/sysroot-arm64 ABSOLUTE)
set(CMAKE_CXX_FLAGS_INIT "-isystem ${weft_sysroot}/headers")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-rpath-link,${weft_sysroot}/usr/lib/aarch64-linux-gnu")

set(ENV{PKG_CONFIG_SYSROOT_DIR} ${weft_sysroot})
set(ENV{PKG_CONFIG_LIBDIR} ${weft_sysroot}/usr/lib/aarch64-linux-gnu/pkgconfig)

set(CMAKE_FIND_ROOT_PATH ${weft_sysroot} /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
