# Everything here is private to the library: no public header shows it.
find_package(Threads REQUIRED)
if(K8SENTRY_LEAN_CURL)
  include(cmake/LeanCurl.cmake)
else()
  find_package(CURL 7.88 REQUIRED)
endif()
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto SSL)
find_package(ZLIB REQUIRED)
find_package(simdjson 3.0 REQUIRED CONFIG)
find_package(absl REQUIRED CONFIG)
find_package(yaml-cpp REQUIRED CONFIG)
if(TARGET yaml-cpp::yaml-cpp)
  set(K8SENTRY_YAML yaml-cpp::yaml-cpp)
else()
  set(K8SENTRY_YAML yaml-cpp) # 0.7, Debian 12
endif()
# Debian 12's RE2 has a pkg-config file only; Conan and vcpkg give a CMake package.
find_package(re2 QUIET CONFIG)
if(NOT TARGET re2::re2)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
  add_library(re2::re2 ALIAS PkgConfig::re2)
endif()

set(K8SENTRY_PRIVATE_DEPENDENCIES
  Threads::Threads CURL::libcurl OpenSSL::Crypto ZLIB::ZLIB simdjson::simdjson
  absl::flat_hash_map absl::hash ${K8SENTRY_YAML} re2::re2)
