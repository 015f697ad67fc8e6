# SPDX-License-Identifier: MIT
# Toolchain to build the helper for arm64 on another Debian: the compiler g++-aarch64-linux-gnu, and after
# "dpkg --add-architecture arm64" the libraries' development packages for arm64 beside Qt's own:
#   cmake -B build/arm64 -G Ninja -DCMAKE_TOOLCHAIN_FILE=packaging/arm64.cmake -DBUILD_TESTING=OFF
#   cmake --build build/arm64 --target nettally-helper
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
# moc and its like run here.
set(QT_HOST_PATH /usr)
execute_process(COMMAND dpkg-architecture -qDEB_BUILD_MULTIARCH OUTPUT_VARIABLE own OUTPUT_STRIP_TRAILING_WHITESPACE)
set(QT_HOST_PATH_CMAKE_DIR "/usr/lib/${own}/cmake")
