# SPDX-License-Identifier: Apache-2.0
# What arm64.cmake and armhf.cmake share: Debian's cross-compiler against build/sysroot-ARCHITECTURE,
# which packaging/cmake/sysroot.sh fills; what was built runs under qemu-user.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${weft_triplet}-gcc)
set(CMAKE_CXX_COMPILER ${weft_triplet}-g++)
set(CMAKE_LIBRARY_ARCHITECTURE ${weft_triplet})

get_filename_component(weft_sysroot
    ${CMAKE_CURRENT_LIST_DIR}/../../build/sysroot-${weft_architecture} ABSOLUTE)
# No notes that GCC 7 passes arguments otherwise than GCC 6 did (armhf).
set(CMAKE_CXX_FLAGS_INIT "-isystem ${weft_sysroot}/usr/include -isystem ${weft_sysroot}/usr/include/${weft_triplet} -Wno-psabi")
# The linker looks here for libraries that libraries need; those of libcurl and libsystemd are not there.
set(CMAKE_EXE_LINKER_FLAGS_INIT
    "-Wl,-rpath-link,${weft_sysroot}/usr/lib/${weft_triplet} -Wl,--allow-shlib-undefined")
set(CMAKE_SKIP_RPATH ON)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-${CMAKE_SYSTEM_PROCESSOR}-static -L ${weft_sysroot})

set(ENV{PKG_CONFIG_SYSROOT_DIR} ${weft_sysroot})
set(ENV{PKG_CONFIG_LIBDIR} ${weft_sysroot}/usr/lib/${weft_triplet}/pkgconfig)
set(Boost_NO_BOOST_CMAKE ON)  # Boost's own files for CMake are where its headers are: the machine's

set(CMAKE_FIND_ROOT_PATH ${weft_sysroot} /usr/${weft_triplet})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
